import { expect, test } from "vitest";
import { inFlightExpected, warningsOf } from "../../../control/table/warnings.ts";
import type { OpenAt } from "../../../control/table/warnings.ts";
import type { ServiceSnapshot } from "../../../proxy/table/snapshot.ts";
import { serviceSnapshot } from "../../proxy/table/service-fixture.ts";
import type { VersionParts } from "../../proxy/table/service-fixture.ts";

type Versions = Readonly<Record<string, VersionParts>>;

const NOTHING: OpenAt = { version: () => ({ exchangesOpen: 0, tunnelsOpen: 0 }) };
const none = { endpoints: [] };
const web = { v1: 90, v2: 10 };

test.each<[string, Versions, Versions, readonly string[]]>([
  ["nothing", web, { v1: 80, v2: 20 }, []],
  ["the same again", web, web, ["no_change: web is already like this"]],
  [
    "a version without endpoints",
    web,
    { v1: 90, v2: { weight: 10, ...none } },
    [
      "no_usable_endpoint v2: v2 has weight 10, but no endpoint that can take work: v1 gets " +
        "its share",
    ],
  ],
  [
    "all weight on a version without endpoints",
    { v1: 90, v2: { weight: 0, ...none } },
    { v1: 0, v2: { weight: 10, ...none } },
    [
      "no_usable_endpoint v2: v2 has weight 10, but no endpoint that can take work: v1 gets " +
        "its share",
    ],
  ],
  [
    "stable without endpoints",
    web,
    { v1: { weight: 90, ...none }, v2: 10 },
    [
      "partly_served: 90 % of the requests for web would get 503",
      "no_usable_endpoint v1: v1 has weight 90, but no endpoint that can take work",
    ],
  ],
  [
    "weight for a version in drain",
    { v1: 90, v2: { weight: 0, state: "drain" } },
    { v1: 90, v2: { weight: 10, state: "drain" } },
    ["not_ready v2: v2 has weight 10, but its state is drain: v1 gets its share"],
  ],
  [
    "nothing, if the write itself drains it",
    web,
    { v1: 90, v2: { weight: 10, state: "drain" } },
    [],
  ],
  [
    "nobody to serve",
    web,
    { v1: { weight: 1, ...none } },
    [
      "nothing_served: no version of web can take a request: all of them would get 503",
      "no_usable_endpoint v1: v1 has weight 1, but no endpoint that can take work",
    ],
  ],
])("warningsOf() tells of %s", (_name, before, after, expected) => {
  expect(textsOf(serviceSnapshot(before), serviceSnapshot(after), NOTHING)).toEqual(expected);
});

test("warningsOf() tells of requests beyond the limit, and of tunnels that are lost", () => {
  const open: OpenAt = {
    version: (service, version) =>
      service === "web" && version === "v1"
        ? { exchangesOpen: 30, tunnelsOpen: 3 }
        : NOTHING.version(service, version),
  };
  const limits = { connections: 9, pending: 9, inFlight: 10, tunnels: 9, streams: 9 };
  const before = serviceSnapshot({ v1: 1 }, { limits });
  const after = serviceSnapshot({ v2: 1 }, { limits });
  expect(textsOf(before, after, open)).toEqual([
    "tunnels_lost v1: v1 goes away with 3 open tunnels: drain it first",
    "over_limit v2: v2 expects 30 requests at once, above 20",
  ]);
  const halves = serviceSnapshot({ v2: 1, v3: 1 });
  expect(inFlightExpected("v3", { before, after: halves, open, workers: 2 })).toBe(15);
});

const TLS = { upstreamTls: {} as ServiceSnapshot["upstreamTls"] };

test.each<[string, Partial<ServiceSnapshot>, Partial<ServiceSnapshot>, string | undefined]>([
  ["from HTTP/1.1 to HTTP/2", { protocol: "http/1.1" }, { protocol: "h2" }, "HTTP/2"],
  ["from HTTP/2 to HTTP/1.1", { protocol: "h2" }, { protocol: "http/1.1" }, "HTTP/1.1"],
  [
    "from HTTP/2 to a choice, which nobody has in clear",
    { protocol: "h2" },
    { protocol: "auto" },
    "HTTP/1.1",
  ],
  ["from a choice to HTTP/2", { protocol: "auto", ...TLS }, { protocol: "h2", ...TLS }, "HTTP/2"],
  ["to a choice", { protocol: "h2", ...TLS }, { protocol: "auto", ...TLS }, undefined],
  ["to the same in other words", { protocol: "http/1.1" }, { protocol: "auto" }, undefined],
])("warningsOf() tells of a change of protocol %s", (_name, before, after, spoken) => {
  const parts = { v1: 1 };
  const text = `endpoints of web have to speak ${spoken} now: requests get 502 of others`;
  const expected = `protocol_changed: ${text}`;
  expect(textsOf(serviceSnapshot(parts, before), serviceSnapshot(parts, after), NOTHING)).toEqual(
    spoken === undefined ? [] : [expected],
  );
});

test("warningsOf() a service that is new compares with nothing", () => {
  const after = serviceSnapshot({ v1: 1 });
  expect(warningsOf({ before: undefined, after, open: NOTHING, workers: 1 })).toEqual([]);
});

function textsOf(before: ServiceSnapshot, after: ServiceSnapshot, open: OpenAt): string[] {
  return warningsOf({ before, after, open, workers: 2 }).map(
    ({ code, version, text }) => `${code}${version === undefined ? "" : ` ${version}`}: ${text}`,
  );
}

test("warningsOf() says of a service of kind tcp what becomes of connections", () => {
  const parts = { v1: { weight: 90, ...none }, v2: 10 };
  const after = serviceSnapshot(parts, { tcp: { proxyProtocol: undefined } });
  const warnings = warningsOf({ before: undefined, after, open: NOTHING, workers: 1 });
  expect(warnings[0]?.text).toBe("90 % of the connections for web would get a reset");
});
