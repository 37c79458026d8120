import { afterAll, beforeAll, expect, test } from "vitest";
import { EchoTunnel } from "../support/echo-tunnel.ts";
import { Load } from "../support/load.ts";
import type { Answered } from "../support/load.ts";
import { startSidecar } from "../support/sidecar.ts";
import type { TestSidecar } from "../support/sidecar.ts";
import { VersionOrigin } from "../support/version-origin.ts";

/*
 * Goal: a shift is in force when the API answers, and nobody notices anything else of it. Method:
 * shifts from 100/0 to 0/100 and back under load, so that the right version of each request is
 * known.
 */

const SHIFTS = 500;
const CONNECTIONS = 64;
const TUNNELS = 16;
/** At least so many requests are answered between two shifts. */
const ANSWERS_A_SHIFT = 32;

let v1: VersionOrigin;
let v2: VersionOrigin;
let sidecar: TestSidecar;

beforeAll(async () => {
  [v1, v2] = [await VersionOrigin.start("v1"), await VersionOrigin.start("v2")];
  const versions = {
    v1: { weight: 100, endpoints: [v1.address] },
    v2: { weight: 0, endpoints: [v2.address] },
  };
  sidecar = await startSidecar({ workers: 2, services: { web: { versions } } });
});
afterAll(async () => {
  await sidecar?.stop();
  v1?.[Symbol.dispose]();
  v2?.[Symbol.dispose]();
});

/** Gives all the traffic to one version. Resolves once the API has answered. */
async function shiftTo(version: "v1" | "v2"): Promise<void> {
  const weights = version === "v1" ? { v1: 100, v2: 0 } : { v1: 0, v2: 100 };
  const response = await sidecar.call("PATCH", "/v1/services/web/weights", weights);
  expect([response.status, await response.json()]).toMatchObject([200, { weights }]);
}

test(`${SHIFTS} shifts under load fail and close nothing, and apply when answered`, async () => {
  const [port = 0] = sidecar.ports;
  /** The version of all requests sent under each even mark; at odd ones a shift is under way. */
  let inForce: "v1" | "v2" = "v1";
  const failures: Answered[] = [];
  const late: Answered[] = [];
  let judged = 0;
  await using load = new Load({ port, host: "web", connections: CONNECTIONS }, (answered) => {
    const { status, body, sentMark, answeredMark } = answered;
    if (status !== 200 || !["v1", "v2"].includes(body)) failures.push(answered);
    // Sent and answered between two shifts, so there is only one right version.
    if (sentMark % 2 === 1 || sentMark !== answeredMark) return;
    judged += 1;
    if (body !== inForce) late.push(answered);
  });
  const tunnels = await Promise.all(
    Array.from({ length: TUNNELS }, () => EchoTunnel.open(port, "web")),
  );
  for (let shift = 1; shift <= SHIFTS; shift += 1) {
    const next = shift % 2 === 1 ? "v2" : "v1";
    load.mark += 1;
    await shiftTo(next);
    inForce = next;
    load.mark += 1;
    await load.more(ANSWERS_A_SHIFT);
  }
  await Promise.all(tunnels.map((tunnel) => tunnel.more(10)));
  await load.stop();
  expect(late).toEqual([]);
  expect(failures).toEqual([]);
  expect({ lost: load.lost, closed: load.closed }).toEqual({ lost: 0, closed: 0 });
  expect(tunnels.map(({ isOpen, wrong }) => ({ isOpen, wrong }))).toEqual(
    tunnels.map(() => ({ isOpen: true, wrong: 0 })),
  );
  for (const tunnel of tunnels) tunnel.close();
  // Both versions had a turn, and most requests could be judged.
  expect(Math.min(v1.requests, v2.requests)).toBeGreaterThan((SHIFTS * ANSWERS_A_SHIFT) / 4);
  expect(judged).toBeGreaterThan((SHIFTS * ANSWERS_A_SHIFT) / 4);
}, 120_000);
