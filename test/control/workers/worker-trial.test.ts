import { describe, expect, test } from "vitest";
import { tryWorker } from "../../../control/workers/worker-trial.ts";
import { systemClock } from "../../../proxy/base/clock.ts";
import { PROTOCOL } from "../../../proxy/messages/messages.ts";
import type { ListenerTls } from "../../../proxy/table/tls.ts";
import { makeCertificate } from "../../support/certificates.ts";
import { eventually } from "../../support/eventually.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { WORKER } from "../../support/sidecar.ts";
import { STARTED, scriptedWorker } from "./scripted-worker.ts";

const TLS: ListenerTls = {
  identities: ["file:web"],
  minVersion: "1.3",
  clientCert: "require",
  trust: "ca:mesh",
  intentions: true,
  forwardClientCert: "off",
  handshakesMax: 10,
  replacedMaxAgeMs: 0,
};

/** The lines of a worker that answers every request with this status. */
function answering(status: number): string {
  return `onAsked("listen", (message, handle) => listen(message, handle, ${status}));${STARTED}`;
}

describe("tryWorker()", () => {
  test("is content with the worker that we have", async () => {
    const worker = await scriptedWorker("", { file: WORKER });
    await tryWorker(worker, 0, systemClock);
    expect((await worker.askStats()).connections).toEqual({ h1: 0, h2: 0, tunnel: 0 });
  });

  test("shakes hands where a listener speaks TLS, without a certificate of its own", async () => {
    const { chainPem: certPem, keyPem } = makeCertificate({ names: ["DNS:web"] });
    const identities = [{ id: "file:web", certPem, keyPem, names: ["web"] }];
    const trusts = [{ id: "ca:mesh", pem: certPem }];
    const worker = await scriptedWorker("", { file: WORKER });
    await expect(tryWorker(worker, 0, systemClock, TLS)).rejects.toThrow(
      "wanted status 204, found",
    );
    await worker.ask({ kind: "tls", material: { identities, trusts, ticketKeys: [] } });
    await tryWorker(worker, 0, systemClock, TLS);
  });

  test("asks again and again for as long as the trial lasts", async () => {
    const clock = new ManualClock();
    const worker = await scriptedWorker(`
      let requests = 0;
      onAsked("listen", (message, handle) => {
        createServer((_request, response) => {
          requests += 1;
          response.writeHead(requests < 4 ? 204 : 503).end();
        }).listen(handle, () => done(message));
      });
      ${STARTED}`);
    const tried = tryWorker(worker, 1_000, clock);
    let outcome: unknown;
    void tried.catch((error: unknown) => (outcome = error));
    await eventually(async () => {
      // Its answers take as long as they like: time passes only between them.
      if (clock.sleeping > 0) await clock.advance(10);
      expect(String(outcome)).toContain("wanted status 204, found 503");
    }, 20_000);
    // Three answers, each followed by a pause.
    expect(clock.nowMs()).toBeGreaterThanOrEqual(150);
    expect(clock.nowMs()).toBeLessThan(1_000);
  });

  test.each([
    ["another status", answering(500), "wanted status 204, found 500"],
    [
      "a connection that is closed",
      `import { createServer as createTcp } from "node:net";
      onAsked("listen", (message, handle) => {
        createTcp((socket) => socket.destroy()).listen(handle, () => done(message));
      });${STARTED}`,
      /wanted status 204, found (socket hang up|read ECONNRESET)/,
    ],
    [
      "no answer",
      `onAsked("listen", (message, handle) => {
        createServer(() => undefined).listen(handle, () => done(message));
      });${STARTED}`,
      "found no answer in time",
    ],
    [
      "a listener that fails",
      `onAsked("listen", ({ id }) => say({ kind: "failed", id, message: "no port" }));${STARTED}`,
      "no port",
    ],
    [
      "another protocol",
      `say({ kind: "started", protocol: ${PROTOCOL + 1} });`,
      `wanted a worker of protocol ${PROTOCOL}, found ${PROTOCOL + 1}`,
    ],
    ["no protocol", "", `wanted a worker of protocol ${PROTOCOL}, found undefined`],
  ])("refuses %s", async (_what, lines, why) => {
    const worker = await scriptedWorker(lines);
    await expect(tryWorker(worker, 0, systemClock)).rejects.toThrow(why);
  });
});
