import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { TLSSocket } from "node:tls";
import { expect, onTestFinished, test } from "vitest";
import { createAuthority } from "../support/authority.ts";
import type { Authority } from "../support/authority.ts";
import { eventually } from "../support/eventually.ts";
import { Load } from "../support/load.ts";
import { startSidecar } from "../support/sidecar.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

/*
 * Goal: a service's certificate and roots can be exchanged under load, and checks judge an endpoint
 * as requests do. Method: a real sidecar before an origin that wants a client certificate and is
 * known by a host name; both sides move from one authority to another.
 */

/** An origin by TLS that wants a certificate of its clients, and notes who has issued it. */
async function startOrigin() {
  const issuers: string[] = [];
  const server = createServer({ requestCert: true, rejectUnauthorized: true });
  server.on("request", ({ socket }, response) => {
    const { issuer } = (socket as TLSSocket).getPeerCertificate();
    if (issuer !== undefined && issuers.at(-1) !== issuer.CN) issuers.push(String(issuer.CN));
    response.end("v1");
  });
  /** Shows another certificate from now on, and takes those of these authorities. */
  const show = (own: Authority, clients: readonly Authority[], name = "localhost"): void => {
    const { certPem: cert, keyPem: key } = own.issue({ names: [`DNS:${name}`] });
    server.setSecureContext({ cert, key, ca: clients.map(({ pem }) => pem) });
  };
  const listen = async (): Promise<number> => {
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    onTestFinished(() => {
      server.close();
      server.closeAllConnections();
    });
    return (server.address() as AddressInfo).port;
  };
  return { issuers, show, listen };
}

test("both sides move to another authority under load, and no request fails", async () => {
  const [one, two] = [createAuthority("one"), createAuthority("two")];
  const folder = await temporaryFolder();
  const at = (name: string): string => join(folder, name);
  const own = async (authority: Authority): Promise<void> => {
    const { certPem, keyPem } = authority.issue({ subject: "sidecar" });
    await writeFile(at("own.pem"), certPem);
    await writeFile(at("own.key"), keyPem, { mode: 0o600 });
  };
  const roots = (...all: readonly Authority[]): Promise<void> =>
    writeFile(at("ca.pem"), all.map(({ pem }) => pem).join(""));
  const origin = await startOrigin();
  origin.show(one, [one, two]);
  await own(one);
  await roots(one);
  const port = await origin.listen();
  const sidecar = await startSidecar({
    services: {
      web: {
        upstream: { tls: { ca: at("ca.pem"), cert: at("own.pem"), key: at("own.key") } },
        healthCheck: { path: "/", interval: "100ms", fall: 1, rise: 1 },
        versions: { v1: { endpoints: [`localhost:${port}`] } },
      },
    },
  });
  onTestFinished(sidecar.stop);
  const reload = async (): Promise<void> => {
    const answer = await sidecar.call("POST", "/v1/certificates/reload");
    expect(await answer.json()).toMatchObject({ refused: [] });
  };
  const wrong: number[] = [];
  const target = { port: sidecar.ports[0] ?? 0, host: "web", connections: 4 };
  await using load = new Load(target, ({ status }) => void (status !== 200 && wrong.push(status)));
  await load.more(50);
  for (const step of [
    () => roots(one, two),
    async () => origin.show(two, [one, two]),
    () => own(two),
    () => roots(two),
    async () => origin.show(two, [two]),
  ]) {
    await step();
    await reload();
    await load.more(50);
  }
  await load.stop();
  expect([load.lost, load.refused, wrong]).toEqual([0, 0, []]);
  expect(origin.issuers).toContain("two");
  expect(sidecar.log.filter(({ event }) => event === "health.down")).toEqual([]);

  origin.show(two, [two], "other");
  const reason = await eventually(async () => {
    const web = (await (await sidecar.call("GET", "/v1/services/web")).json()) as object;
    const found = /"reason":"(no TLS: [^"]*)"/.exec(JSON.stringify(web))?.[1];
    if (found === undefined) throw new Error(JSON.stringify(web));
    return found;
  });
  expect(reason).toBe("no TLS: another name in its certificate");
});
