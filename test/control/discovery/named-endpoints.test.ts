import { expect, onTestFinished, test } from "vitest";
import { readService } from "../../../control/config/read-service.ts";
import { isConnectable } from "../../../control/config/version-endpoints.ts";
import { NamedEndpoints } from "../../../control/discovery/named-endpoints.ts";
import type { Answer } from "../../../control/names/address-record.ts";
import { parseHosts } from "../../../control/names/hosts-file.ts";
import { Names } from "../../../control/names/names.ts";
import { parseResolvConf } from "../../../control/names/resolv-conf.ts";
import type { SluiceEvent } from "../../../control/records/sluice-event.ts";
import { FakeDiscovery } from "../../support/started-services.ts";
import { ManualClock } from "../../support/manual-clock.ts";

const silent = (): void => undefined;

/** Named endpoints over a DNS that knows `a` (two addresses) and `b`, and a registry. */
function fixture() {
  const clock = new ManualClock();
  const zones = new Map([
    ["a", ["10.0.0.2", "10.0.0.1"]],
    ["b", ["10.0.0.3"]],
  ]);
  const lookUp = ({ name, family }: { name: string; family: number }): Promise<Answer> => {
    const addresses = family === 4 ? zones.get(name) : undefined;
    return Promise.resolve(
      addresses === undefined
        ? { kind: "none", reason: "no such name" }
        : { kind: "addresses", addresses, ttlMs: 1_000 },
    );
  };
  const system = {
    hosts: parseHosts(""),
    conf: parseResolvConf("", "node1"),
    reach: () => ({ v6: true, v6Loopback: true }),
    refresh: () => Promise.resolve(false),
  };
  const names = new Names({ clock, random: { next: () => 0 }, system, lookUp });
  const inner = new FakeDiscovery();
  const events: SluiceEvent[] = [];
  const warned: string[] = [];
  const named = new NamedEndpoints({
    names,
    inner,
    log: { info: silent, warn: (event) => void warned.push(event), error: silent },
    ownBindOf: (address) => (address.endsWith(":9180") ? "0.0.0.0:9180" : undefined),
    events: { emit: (event) => events.push(event) },
  });
  const changes: string[] = [];
  named.onChange = (service) => changes.push(service);
  onTestFinished(() => names.close());
  return { named, inner, clock, zones, events, warned, changes };
}

const fixed = readService("fixed", {
  versions: {
    v1: { endpoints: ["127.0.0.1:1", { address: "A:80", weight: 7 }, "nowhere:80"] },
  },
});

const consul = readService("consul", { versions: { v1: { consul: { service: "web" } } } });

test("NamedEndpoints gives each address of a name the weight of its entry", async () => {
  const { named, changes } = fixture();
  named.update({ fixed });
  await named.settled();
  expect(changes).toContain("fixed");
  const name = "a:80";
  expect(named.endpoints("fixed", "v1")).toEqual([
    { address: "10.0.0.1:80", name, weight: 7, healthy: true },
    { address: "10.0.0.2:80", name, weight: 7, healthy: true },
    {
      address: "nowhere:80",
      name: "nowhere:80",
      weight: 1,
      healthy: false,
      reason: "no such name",
    },
  ]);
});

test("NamedEndpoints says that a name is not resolved yet", () => {
  const { named } = fixture();
  named.update({ fixed });
  expect(named.endpoints("fixed", "v1")[0]).toMatchObject({
    address: "a:80",
    healthy: false,
    reason: "not resolved yet",
  });
});

test("NamedEndpoints resolves names from the registry, and keeps its word on health", async () => {
  const { named, inner, changes } = fixture();
  named.update({ consul });
  expect(inner.watched).toEqual({ consul });
  inner.found.set("consul/v1", [
    { address: "b:80", weight: 3, healthy: false },
    { address: "10.0.0.9:80", weight: 2, healthy: true },
    { address: "no host:80", weight: 1, healthy: true },
    { address: "10.0.0.9:99999", weight: 1, healthy: true },
  ]);
  inner.onChange("consul");
  await named.settled();
  expect(changes).toEqual(["consul", "consul"]);
  expect(named.endpoints("consul", "v1")).toMatchObject(
    [
      { address: "10.0.0.3:80", name: "b:80", weight: 3, healthy: false },
      { address: "10.0.0.9:80", weight: 2, healthy: true },
      { address: "no host:80", healthy: false, reason: /neither an address/ },
      { address: "10.0.0.9:99999", healthy: false, reason: /neither an address/ },
    ].map((each) =>
      each.reason === undefined
        ? each
        : { ...each, reason: expect.stringMatching(each.reason) as string },
    ),
  );
});

test("NamedEndpoints takes no address for an endpoint at which we listen ourselves", async () => {
  const { named, inner, warned } = fixture();
  named.update({ consul });
  const healthy = { weight: 1, healthy: true };
  inner.found.set("consul/v1", [
    { address: "10.0.0.9:9180", ...healthy },
    { address: "b:9180", ...healthy },
    { address: "b:80", ...healthy },
  ]);
  inner.onChange("consul");
  await named.settled();
  const reason = "this sidecar itself answers there (0.0.0.0:9180)";
  const found = named.endpoints("consul", "v1");
  expect(found).toMatchObject([
    { address: "10.0.0.9:9180 (this sidecar)", healthy: false, reason },
    { address: "10.0.0.3:9180 (this sidecar)", name: "b:9180", healthy: false, reason },
    { address: "10.0.0.3:80", healthy: true },
  ]);
  expect(found.map(isConnectable)).toEqual([false, false, true]);
  expect(named.endpoints("consul", "v1")).toHaveLength(3);
  expect(warned.filter((event) => event === "endpoint.own")).toHaveLength(2);
});

test("NamedEndpoints tells once of a change which services it concerns", async () => {
  const { named, zones, clock, events, changes } = fixture();
  const other = readService("other", { versions: { v1: { endpoints: ["b:1"] } } });
  named.update({
    fixed,
    other,
    twice: readService("twice", { versions: { v1: { endpoints: ["b:2"] } } }),
  });
  await clock.advance(0);
  events.length = 0;
  changes.length = 0;
  zones.set("b", ["10.0.0.4"]);
  await clock.advance(5_000);
  expect(events).toEqual([
    {
      kind: "name",
      services: ["other", "twice"],
      name: "b",
      state: "resolved",
      addresses: ["10.0.0.4"],
      reason: undefined,
    },
  ]);
  expect(changes).toEqual(["other", "twice"]);
});
