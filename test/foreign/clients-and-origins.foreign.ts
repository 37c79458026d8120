import { afterAll, describe, expect, test } from "vitest";
import { startSidecar } from "../support/sidecar.ts";
import { CLIENTS } from "./support/clients.ts";
import { startNginx } from "./support/configured-servers.ts";
import type { ForeignServer } from "./support/foreign-process.ts";
import { startGo, startGunicorn, startNode, startPhp } from "./support/origins.ts";
import { isMissing } from "./support/programs.ts";

/*
 * Goal: each client that people use, with each origin that they use, gets what it would get
 * without a sidecar between them.
 * Method: one sidecar with a service per origin; every client sends what has a body and what has
 * none, several times, so that connections to the origin are reused.
 */

type Origin = {
  readonly name: string;
  readonly needs: readonly string[];
  readonly start: () => Promise<ForeignServer>;
};

const ORIGINS: readonly Origin[] = [
  {
    name: "flask",
    needs: ["gunicorn"],
    start: () => startGunicorn("flask_app:app", ["--threads", "4"]),
  },
  { name: "django", needs: ["gunicorn"], start: () => startGunicorn("django_app:app") },
  { name: "go", needs: ["go"], start: startGo },
  { name: "node", needs: [], start: () => startNode("node-origin.cjs") },
  { name: "php", needs: ["php"], start: startPhp },
];

/** Above what one read of a socket brings. */
const BODY_BYTES = 300_000;
const COUNT = 3;

describe("Clients and origins that others wrote", async () => {
  const here = ORIGINS.filter(({ needs }) => !isMissing(...needs));
  await using stack = new AsyncDisposableStack();
  const services = new Map<string, object>();
  for (const { name, start } of here) {
    const { address } = stack.use(await start());
    services.set(name, { versions: { v1: { endpoints: [address] } } });
    if (name !== "node" || isMissing("nginx")) continue;
    const nginx = stack.use(await startNginxBefore(address));
    services.set("nginx", { versions: { v1: { endpoints: [nginx.address] } } });
  }
  const names = [...services.keys()];
  const sidecar = await startSidecar({
    listeners: names.map((service, place) => ({ bind: `127.0.0.${place + 1}:0`, service })),
    services: Object.fromEntries(services),
  });
  stack.defer(() => sidecar.stop());
  const kept = stack.move();
  afterAll(() => kept.disposeAsync());

  const urls = sidecar.ports.map((port, place) => `http://127.0.0.${place + 1}:${port}/length`);
  const allWell = names.flatMap((name) => Array<string>(COUNT).fill(`${name} 200`));
  const named = (outcomes: readonly string[]): readonly string[] =>
    outcomes.map((outcome, place) => `${names[Math.floor(place / COUNT)]} ${outcome}`);

  test.for(CLIENTS)("$name gets its answers from all origins", async ({ needs, send }, context) => {
    context.skip(isMissing(...needs), `no ${needs.join(", ")}`);
    expect(named(await send(urls, 0, COUNT))).toEqual(allWell);
    expect(named(await send(urls, BODY_BYTES, COUNT))).toEqual(allWell);
  });

  test("each origin has answered its share", async () => {
    const metrics = await (await sidecar.call("GET", "/metrics")).text();
    const clients = CLIENTS.filter(({ needs }) => !isMissing(...needs)).length;
    for (const name of names) {
      const line = `sluice_requests_total{service="${name}",version="v1",code="2xx"}`;
      expect(metrics).toContain(`${line} ${clients * COUNT * 2}\n`);
    }
  });
});

/** nginx that passes on to `address`: it takes the whole body first. */
function startNginxBefore(address: string): Promise<ForeignServer> {
  return startNginx(
    ({ port }) =>
      `server { listen 127.0.0.1:${port}; location / { proxy_pass http://${address}; } }`,
  );
}
