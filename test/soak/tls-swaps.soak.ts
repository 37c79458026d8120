import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { makeAuthority, makeCertificate } from "../support/certificates.ts";
import { eventually } from "../support/eventually.ts";
import { KeptConnection } from "../support/kept-connection.ts";
import { Load } from "../support/load.ts";
import { swapUnderLoad } from "../support/swap-under-load.ts";
import { complaintsOf, startSidecar } from "../support/sidecar.ts";
import type { LogLine, TestSidecar } from "../support/sidecar.ts";
import { VersionOrigin } from "../support/version-origin.ts";

/*
 * Goal: as test/integration/swap-tls.test.ts, for longer, and with clients that come for one
 * request alone, so that many handshakes are under way in each swap.
 */

const SWAPS = 50;
const ANSWERS_A_SWAP = 100;
const TLS = { rejectUnauthorized: false };
/** Old workers end once the connections that they still have are over. */
const END_WAIT_MS = 30_000;
/** Swaps take seconds each where others keep the processors busy. */
const TEST_WAIT_MS = 300_000;

async function startBed(endpoint: string): Promise<TestSidecar> {
  const { chainPem, keyPem } = makeCertificate({ issuer: makeAuthority(), names: ["DNS:web"] });
  const pair = { cert: "web.pem", key: "web.key" };
  const config = {
    workers: 2,
    listeners: [{ bind: "127.0.0.1:0", tls: { certificates: [pair] } }],
    services: { web: { versions: { v1: { endpoints: [endpoint] } } } },
  };
  return startSidecar(config, {}, undefined, async (folder) => {
    await writeFile(join(folder, pair.cert), chainPem);
    await writeFile(join(folder, pair.key), keyPem, { mode: 0o600 });
  });
}

/** Comes for one request after the other, each on a connection of its own. */
async function comeAndGo(port: number, over: AbortSignal, failures: string[]): Promise<number> {
  let came = 0;
  for (; !over.aborted; came += 1) {
    try {
      const connection = await KeptConnection.open(port, undefined, TLS);
      const { status } = await connection.get("web");
      if (status !== 200) failures.push(`status ${status}`);
      connection.close();
    } catch (error) {
      failures.push(String(error));
    }
  }
  return came;
}

/** The load may stop while a new connection of its own is still in its handshake. */
function isComplaint({ event, reason }: LogLine): boolean {
  return event !== "handshake.refused" || reason !== "tls-aborted";
}

test(
  `${SWAPS} swaps under TLS load fail no request`,
  async () => {
    using origin = await VersionOrigin.start("v1");
    const sidecar = await startBed(origin.address);
    onTestFinished(() => sidecar.stop());
    const [port = 0] = sidecar.ports;
    const failures: string[] = [];
    const over = new AbortController();
    await using load = new Load({ port, host: "web", connections: 16, tls: TLS }, ({ status }) => {
      if (status !== 200) failures.push(`status ${status}`);
    });
    const comers = [1, 2].map(() => comeAndGo(port, over.signal, failures));
    for (let swap = 0; swap < SWAPS; swap += 1) {
      await load.more(ANSWERS_A_SWAP);
      await swapUnderLoad(sidecar);
    }
    over.abort();
    const came = await Promise.all(comers);
    await load.stop();
    const { answered, closed, lost, refused } = load;
    process.stdout.write(
      `${JSON.stringify({ answered, closed, lost, refused, came, failures })}\n`,
    );
    expect({ lost, refused, failures }).toEqual({ lost: 0, refused: 0, failures: [] });
    expect(Math.min(...came)).toBeGreaterThan(SWAPS);
    // Each swap lets those that are kept come back.
    expect(closed).toBeGreaterThan(SWAPS);
    await eventually(() => expect(sidecar.workerPids()).toHaveLength(2), END_WAIT_MS);
    expect(complaintsOf(sidecar).filter(isComplaint)).toEqual([]);
  },
  TEST_WAIT_MS,
);
