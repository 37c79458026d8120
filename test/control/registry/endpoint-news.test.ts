import { expect, test } from "vitest";
import { jsonLog } from "../../../proxy/base/log.ts";
import type { DiscoveredEndpoint } from "../../../control/config/service.ts";
import type { SluiceEvent } from "../../../control/records/sluice-event.ts";
import { tellEndpoints } from "../../../control/registry/endpoint-news.ts";

const up = (address: string): DiscoveredEndpoint => ({ address, weight: 1, healthy: true });
const down = (address: string, reason: string): DiscoveredEndpoint => ({
  address,
  weight: 1,
  healthy: false,
  reason,
});

/** What is told of a version that had `before` and has `after`. `bad` is no address. */
function told(
  before: readonly DiscoveredEndpoint[] | undefined,
  after: readonly DiscoveredEndpoint[],
) {
  const events: SluiceEvent[] = [];
  const lines: string[] = [];
  const log = jsonLog(
    (line) => void lines.push(line),
    () => 0,
  );
  const isSound = ({ address }: DiscoveredEndpoint): boolean => !address.startsWith("bad");
  const deps = { log, events: { emit: (event: SluiceEvent) => events.push(event) } };
  tellEndpoints(deps, { service: "web", version: "v1", before, after, isSound });
  const logged = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  return { events, logged: logged.map(({ level, event }) => `${String(level)} ${String(event)}`) };
}

test("tellEndpoints() tells which endpoints have come and gone, and how many are healthy", () => {
  const { events, logged } = told([up("a:1"), up("b:1")], [up("b:1"), up("c:1")]);
  expect(events).toEqual([
    {
      kind: "endpoints",
      services: ["web"],
      version: "v1",
      added: ["c:1"],
      removed: ["a:1"],
      refused: [],
      healthy: 2,
    },
  ]);
  expect(logged).toEqual(["info discovery.endpoints"]);
});

test("tellEndpoints() warns when the last one has gone", () => {
  const { events, logged } = told([up("a:1")], []);
  expect(events).toMatchObject([{ kind: "endpoints", removed: ["a:1"], healthy: 0 }]);
  expect(logged).toEqual(["warn discovery.endpoints"]);
});

test("tellEndpoints() tells why an endpoint is unhealthy, and when it is well again", () => {
  const critical = down("a:1", "Consul says critical");
  const about = { kind: "health", services: ["web"], version: "v1", endpoint: "a:1" };
  const fell = told([up("a:1")], [critical]);
  expect(fell.events).toEqual([{ ...about, healthy: false, reason: "Consul says critical" }]);
  expect(fell.logged).toEqual(["warn health.down"]);
  const rose = told([critical], [up("a:1")]);
  expect(rose.events).toEqual([{ ...about, healthy: true, reason: "Consul says passing" }]);
  expect(rose.logged).toEqual(["info health.up"]);
});

test("tellEndpoints() tells of a first answer only what cannot be used", () => {
  expect(told(undefined, [up("a:1")])).toEqual({ events: [], logged: [] });
  const { events, logged } = told(undefined, [up("a:1"), down("bad", "instance web-1: no")]);
  expect(events).toMatchObject([{ added: [], refused: ["instance web-1: no"], healthy: 1 }]);
  expect(logged).toEqual(["warn discovery.refused"]);
});

test("tellEndpoints() tells nothing when nothing has changed but a reason", () => {
  const changed = told([down("a:1", "Consul says warning")], [down("a:1", "Consul says critical")]);
  expect(changed).toEqual({ events: [], logged: [] });
});

test("tellEndpoints() names 64 of thousands", () => {
  const many = Array.from({ length: 4_096 }, (_, index) => up(`a:${index}`));
  const gone = told(many, []).events;
  expect(gone).toMatchObject([{ kind: "endpoints", healthy: 0 }]);
  expect(JSON.stringify(gone).match(/a:/g)).toHaveLength(64);
  const ill = many.map(({ address }) => down(address, "Consul says critical"));
  const { events } = told(many, ill);
  expect(events).toHaveLength(65);
  expect(events.at(-1)).toMatchObject({ kind: "endpoints", healthy: 0 });
});
