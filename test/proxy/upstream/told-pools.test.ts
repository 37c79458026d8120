import { expect, test } from "vitest";
import { poolStats } from "../../../proxy/upstream/told-pools.ts";
import { VersionPool } from "../../../proxy/upstream/version-pool.ts";
import { serviceSnapshot } from "../table/service-fixture.ts";
import { endpointSnapshot, poolDeps } from "./pool-fixture.ts";

/** A pool of two endpoints. */
function poolOf(version: string): VersionPool {
  const endpoints = ["127.0.0.1:1", "127.0.0.1:2"].map((address) => endpointSnapshot(address));
  const service = serviceSnapshot({ [version]: { weight: 1, endpoints } });
  const pool = new VersionPool("web", version, service, poolDeps());
  const [snapshot] = service.versions;
  if (snapshot !== undefined) pool.update(snapshot, service);
  return pool;
}

test("poolStats() tells of each pool what there is, and of nothing else", () => {
  const [idle, used, waiting] = ["idle", "used", "waiting"].map(poolOf);
  if (idle === undefined || used === undefined || waiting === undefined)
    return expect.unreachable();
  used.counters.exchange(200, 1);
  const [endpoint] = used.endpoints.values();
  if (endpoint !== undefined) used.succeeded(endpoint);
  const user = { rank: 1, sinceMs: 0, onTurn: () => undefined, onShed: () => undefined } as const;
  waiting.turns.join(user, 10, 1_000);
  const { versions, endpoints, tunnels, concurrency, flows } = poolStats([idle, used, waiting], 0);
  expect(versions.map(({ version }) => version)).toEqual(["used"]);
  expect(endpoints).toEqual([
    {
      service: "web",
      version: "used",
      address: "127.0.0.1:1",
      inFlight: 0,
      idleConnections: 0,
      ejectedForMs: 0,
      attempts: [1, 0],
    },
  ]);
  expect(tunnels).toEqual([]);
  expect(concurrency).toEqual([
    { service: "web", version: "waiting", limit: undefined, waiting: 1 },
  ]);
  expect(flows.map(({ version, connections }) => [version, connections])).toEqual([["used", 0]]);
});
