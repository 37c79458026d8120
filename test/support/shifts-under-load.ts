import { expect, onTestFinished } from "vitest";
import { EchoTunnel } from "./echo-tunnel.ts";
import { Load } from "./load.ts";
import type { Answered } from "./load.ts";
import { startSidecar } from "./sidecar.ts";
import type { TestSidecar } from "./sidecar.ts";
import { VersionOrigin } from "./version-origin.ts";

const CONNECTIONS = 64;
const TUNNELS = 16;
/** At least so many requests are answered between two shifts. */
const ANSWERS_A_SHIFT = 32;

type Bed = { readonly sidecar: TestSidecar; readonly origins: readonly VersionOrigin[] };

async function startBed(): Promise<Bed> {
  const origins = await Promise.all(["v1", "v2"].map((name) => VersionOrigin.start(name)));
  onTestFinished(() => origins.forEach((origin) => origin[Symbol.dispose]()));
  const [v1, v2] = origins.map(({ address }) => address);
  const versions = { v1: { weight: 100, endpoints: [v1] }, v2: { weight: 0, endpoints: [v2] } };
  const sidecar = await startSidecar({ workers: 2, services: { web: { versions } } });
  onTestFinished(() => sidecar.stop());
  return { sidecar, origins };
}

/** Gives all the traffic to one version. Resolves once the API has answered. */
async function shiftTo(version: "v1" | "v2", sidecar: TestSidecar): Promise<void> {
  const weights = version === "v1" ? { v1: 100, v2: 0 } : { v1: 0, v2: 100 };
  const response = await sidecar.call("PATCH", "/v1/services/web/weights", weights);
  expect([response.status, await response.json()]).toMatchObject([200, { weights }]);
}

/**
 * Shifts a service from 100/0 to 0/100 and back, `times` in all, under load and with tunnels open.
 * Expects that none fails or closes anything, and that each is in force when it is answered.
 */
export async function shiftUnderLoad(times: number): Promise<void> {
  const { sidecar, origins } = await startBed();
  const [port = 0] = sidecar.ports;
  /** The version of all requests sent under each even mark; at odd ones a shift is under way. */
  let inForce: "v1" | "v2" = "v1";
  const failures: Answered[] = [];
  const late: Answered[] = [];
  let judged = 0;
  await using load = new Load({ port, host: "web", connections: CONNECTIONS }, (answered) => {
    const { status, body, sentMark, answeredMark } = answered;
    if (status !== 200 || !["v1", "v2"].includes(body)) failures.push(answered);
    // Sent and answered between two shifts: there is only one right version.
    if (sentMark % 2 === 1 || sentMark !== answeredMark) return;
    judged += 1;
    if (body !== inForce) late.push(answered);
  });
  const tunnels = await Promise.all(
    Array.from({ length: TUNNELS }, () => EchoTunnel.open(port, "web")),
  );
  for (let shift = 1; shift <= times; shift += 1) {
    const next = shift % 2 === 1 ? "v2" : "v1";
    load.mark += 1;
    await shiftTo(next, sidecar);
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
  // Both versions had their turn, and most requests could be judged.
  const least = (times * ANSWERS_A_SHIFT) / 4;
  expect(Math.min(...origins.map(({ requests }) => requests))).toBeGreaterThan(least);
  expect(judged).toBeGreaterThan(least);
}
