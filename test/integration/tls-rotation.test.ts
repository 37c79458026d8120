import { rename, writeFile } from "node:fs/promises";
import { Agent, request } from "node:https";
import { join } from "node:path";
import type { TLSSocket } from "node:tls";
import { expect, onTestFinished, test } from "vitest";
import { createAuthority } from "../support/authority.ts";
import { startSidecar } from "../support/sidecar.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { VersionOrigin } from "../support/version-origin.ts";

/*
 * Goal: a certificate can be exchanged under load, and nobody notices. Method: a real sidecar with
 * two workers; clients that keep their connections and clients that make a new one for each request
 * ask without a pause, while the pair is exchanged 100 times.
 */

const ROTATIONS = 100;

/** Clients at once: half of them keep their connections. */
const CLIENTS = 4;

const authority = createAuthority();

/** Asks once: the certificate's serial number, if the answer is right. */
function ask(port: number, agent: Agent | false): Promise<string> {
  return new Promise((resolve, reject) => {
    const to = { host: "127.0.0.1", port, ca: authority.pem, servername: "web", agent };
    const asked = request({ ...to, headers: { host: "web" } }, (response) => {
      const serial = (response.socket as TLSSocket).getPeerCertificate().serialNumber;
      let body = "";
      response.on("data", (chunk: Buffer) => (body += String(chunk)));
      response.on("error", reject);
      response.on("end", () => {
        if (response.statusCode === 200 && body === "v1") resolve(serial);
        else reject(new Error(`${response.statusCode} ${body}`));
      });
    });
    asked.on("error", reject).end();
  });
}

test("100 exchanges of a certificate under load fail no request", async () => {
  using origin = await VersionOrigin.start("v1");
  const folder = await temporaryFolder();
  const pair = { cert: join(folder, "web.pem"), key: join(folder, "web.key") };
  const put = async (): Promise<void> => {
    const { certPem, keyPem } = authority.issue({ names: ["DNS:web"] });
    for (const [path, text] of [
      [pair.cert, certPem],
      [pair.key, keyPem],
    ] as const) {
      await writeFile(`${path}.new`, text, { mode: 0o600 });
      await rename(`${path}.new`, path);
    }
  };
  await put();
  const sidecar = await startSidecar({
    workers: 2,
    listeners: [{ bind: "127.0.0.1:0", tls: { certificates: [pair] } }],
    services: { web: { versions: { v1: { endpoints: [origin.address] } } } },
  });
  onTestFinished(sidecar.stop);
  const port = sidecar.ports[0] ?? 0;

  const failures: string[] = [];
  const serials = new Set<string>();
  let requests = 0;
  const over = new AbortController();
  const client = async (agent: Agent | false): Promise<void> => {
    while (!over.signal.aborted) {
      await ask(port, agent).then(
        (serial) => serials.add(serial),
        (error: unknown) => failures.push(String(error)),
      );
      requests += 1;
    }
  };
  const agents = Array.from({ length: CLIENTS }, (_, index) =>
    index % 2 === 0 ? new Agent({ keepAlive: true, maxSockets: 1 }) : (false as const),
  );
  const clients = agents.map(client);
  const answers: unknown[] = [];
  for (let rotation = 0; rotation < ROTATIONS; rotation += 1) {
    await put();
    const answer = await sidecar.call("POST", "/v1/certificates/reload");
    answers.push(((await answer.json()) as { refused: unknown }).refused);
  }
  over.abort();
  await Promise.all(clients);
  for (const agent of agents) if (agent) agent.destroy();

  expect(failures).toEqual([]);
  expect(answers.flat()).toEqual([]);
  expect(requests).toBeGreaterThan(ROTATIONS);
  expect(serials.size).toBeGreaterThan(ROTATIONS / 4);
  expect(sidecar.log.filter(({ level }) => level === "error")).toEqual([]);
});
