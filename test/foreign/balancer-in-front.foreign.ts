import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { startHaproxy, startNginx } from "./support/configured-servers.ts";
import type { Place } from "./support/configured-servers.ts";
import { runProgram } from "./support/foreign-process.ts";
import type { ForeignServer } from "./support/foreign-process.ts";
import { startGunicornAt } from "./support/origins.ts";
import { isMissing, program } from "./support/programs.ts";
import { sidecarFor } from "./support/sidecar-for.ts";

/*
 * Goal: an application behind a balancer and a sidecar is told who asked, and by which scheme.
 * Method: Flask with Werkzeug's ProxyFix, behind gunicorn at a Unix socket, as its users have it.
 */

type Balancer = {
  readonly name: string;
  readonly start: (target: string) => Promise<ForeignServer>;
};

/** What a balancer says of who asked it. */
const ASKED = { address: "203.0.113.9", scheme: "https", host: "shop.example" };

/** nginx in front of `HOST:PORT` or `unix:PATH`. */
function startNginxTo(target: string): Promise<ForeignServer> {
  return startNginx(
    ({ port }: Place) => `server { listen 127.0.0.1:${port}; location / {
      proxy_set_header X-Forwarded-For 203.0.113.9;
      proxy_set_header X-Forwarded-Proto https;
      proxy_set_header Host shop.example;
      proxy_pass http://${target};
    } }`,
  );
}

/** What the application behind says of who asked. */
async function asked(balancer: ForeignServer): Promise<unknown> {
  const { out } = await runProgram(program("curl"), ["-s", `http://${balancer.address}/who`]);
  return JSON.parse(out);
}

const BALANCERS: readonly Balancer[] = [
  {
    name: "nginx",
    start: startNginxTo,
  },
  {
    name: "haproxy",
    start: (target) =>
      startHaproxy(
        ({ port }) => `
frontend in
  bind 127.0.0.1:${port}
  http-request set-header X-Forwarded-For 203.0.113.9
  http-request set-header X-Forwarded-Proto https
  http-request set-header Host shop.example
  default_backend out
backend out
  server sidecar ${target}`,
      ),
  },
];

describe("An application behind a balancer and a sidecar", () => {
  test.for(BALANCERS)("sees who asked $name", async ({ name, start }, context) => {
    context.skip(isMissing(name, "gunicorn", "curl"), `no ${name}, gunicorn or curl`);
    const path = join(await temporaryFolder(), "app.sock");
    await using origin = await startGunicornAt(path, "flask_app:behind_two_proxies");
    const { url } = await sidecarFor([origin.address], {}, { trustedPeers: ["127.0.0.1"] });
    await using balancer = await start(url.replace("http://", ""));
    expect(await asked(balancer)).toEqual(ASKED);
  });

  test("sees who asked nginx that comes by a Unix socket", async (context) => {
    context.skip(isMissing("nginx", "gunicorn", "curl"), "no nginx, gunicorn or curl");
    const folder = await temporaryFolder();
    const [app, sidecar] = ["app.sock", "sluice.sock"].map((name) => join(folder, name));
    await using origin = await startGunicornAt(app as string, "flask_app:behind_one_proxy");
    const listener = { bind: `unix:${sidecar}`, trustedPeers: ["unix"] };
    await sidecarFor([origin.address], {}, listener);
    await using balancer = await startNginxTo(`unix:${sidecar}`);
    expect(await asked(balancer)).toEqual(ASKED);
  });

  test.for([["send-proxy"], ["send-proxy-v2"]])(
    "sees who asked HAProxy that says so by %s",
    async ([how], context) => {
      context.skip(isMissing("haproxy", "gunicorn", "curl"), "no haproxy, gunicorn or curl");
      const path = join(await temporaryFolder(), "app.sock");
      await using origin = await startGunicornAt(path, "flask_app:behind_one_proxy");
      const listener = { proxyProtocol: true, trustedPeers: ["127.0.0.1"] };
      const { url } = await sidecarFor([origin.address], {}, listener);
      await using balancer = await startHaproxy(
        ({ port }) => `
listen tcp
  mode tcp
  bind 127.0.0.1:${port}
  server sidecar ${url.replace("http://", "")} ${how} check inter 100`,
      );
      const args = ["-s", "--interface", "127.0.0.77", `http://${balancer.address}/who`];
      const { out } = await runProgram(program("curl"), args);
      expect(JSON.parse(out)).toMatchObject({ address: "127.0.0.77", scheme: "http" });
    },
  );
});
