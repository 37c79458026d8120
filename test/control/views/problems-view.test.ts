import { expect, test } from "vitest";
import type { ShownService } from "../../../control/table/shown-service.ts";
import { effectiveByVersion } from "../../../control/table/serving.ts";
import { PROBLEMS_MAX, problemsOf, problemsSchema } from "../../../control/views/problems-view.ts";
import type { Lately, StandingProblem } from "../../../control/views/problems-view.ts";
import { serviceSnapshot } from "../../proxy/table/service-fixture.ts";
import { QUIET } from "../../support/running-api.ts";
import { MISSING_CERTIFICATE } from "../tls/missing-certificate.ts";

const WELL = { address: "10.0.0.5:3000", weight: 1, state: "ready", healthy: true } as const;
const UNWELL = { ...WELL, address: "10.0.0.6:3000", healthy: false } as const;
const NAME = { ...UNWELL, address: "web.internal:3000" } as const;

/** A service of whose endpoints nothing more is known than `reason`. */
function shown(versions: Parameters<typeof serviceSnapshot>[0], reason?: string): ShownService {
  const details: ShownService["details"] = (_version, address) => {
    const endpoint = [WELL, UNWELL, NAME].find((each) => each.address === address);
    return endpoint && { ...endpoint, reason };
  };
  return { snapshot: serviceSnapshot(versions), details };
}

function problems(service: ShownService, lately: Partial<Lately> = {}): readonly StandingProblem[] {
  const found = problemsOf({
    services: [service],
    lately: { ...QUIET, ...lately },
    stale: [],
    audit: [],
    credentials: [],
    certificates: [],
  });
  expect(problemsSchema.parse(found)).toEqual(found);
  return found.problems;
}

function texts(...args: Parameters<typeof problems>): readonly (readonly string[])[] {
  return problems(...args).map(({ code, text }) => [code, text]);
}

test("problemsOf() has nothing to say of what is well", () => {
  expect(problems(shown({ v1: { weight: 3, endpoints: [WELL, UNWELL] } }))).toEqual([]);
});

test("problemsOf() tells of a service that nothing serves, and whether it has traffic", () => {
  const service = shown({ v1: { weight: 1, endpoints: [UNWELL] } }, "answered 500");
  const version = "web: v1 has weight 1, but no endpoint that can take work";
  const nothing = "web: no version can take a request, all of them get 503";
  expect(texts(service)).toEqual([
    ["nothing_served", `${nothing}; it has had no request in the last minute`],
    ["no_usable_endpoint", `${version} (10.0.0.6:3000: answered 500)`],
  ]);
  expect(texts(service, { isBusy: () => true })[0]).toEqual([
    "nothing_served",
    `${nothing}; it has traffic`,
  ]);
});

test.each([
  [{ weight: 1, state: "drain", endpoints: [WELL] }, "not_ready", "its state is drain"],
  [{ weight: 1, state: "maint", endpoints: [WELL] }, "not_ready", "its state is maint"],
  [{ weight: 1, endpoints: [] }, "no_usable_endpoint", "(it has none)"],
  [{ weight: 1, endpoints: [UNWELL] }, "no_usable_endpoint", "(10.0.0.6:3000: unhealthy)"],
  [
    { weight: 1, endpoints: [{ ...WELL, state: "drain" }] },
    "no_usable_endpoint",
    "(10.0.0.5:3000: in drain)",
  ],
] as const)("problemsOf() says why the weight of %j is without effect", (v2, code, why) => {
  const service = shown({ v1: { weight: 9, endpoints: [WELL] }, v2 });
  expect(effectiveByVersion(service.snapshot)).toEqual({ v1: 10, v2: 0 });
  const [found, ...rest] = problems(service);
  expect(rest).toEqual([]);
  expect(found).toMatchObject({ code, service: "web", version: "v2" });
  expect(found?.text).toContain("v2 has weight 1, but ");
  expect(found?.text).toContain("v1 gets its share");
  expect(found?.text).toContain(why);
});

test("problemsOf() says which part of the requests nothing serves", () => {
  const service = shown({
    v1: { weight: 3, endpoints: [UNWELL] },
    v2: { weight: 1, endpoints: [WELL] },
  });
  expect(texts(service, { isBusy: () => true })[0]).toEqual([
    "partly_served",
    "web: 75 % of the requests get 503; it has traffic",
  ]);
});

test("problemsOf() tells of ejected endpoints, and of a version that only fails", () => {
  const other = { ...WELL, address: "10.0.0.7:3000" };
  const service = shown({ v1: { weight: 1, endpoints: [WELL, other] } });
  const lately = {
    ejectedBy: (...place: readonly string[]) => (place[2] === WELL.address ? 2 : 0),
    failures: () => 37,
  };
  expect(texts(service, lately)).toEqual([
    ["failing", "web: the last 37 attempts at v1 have failed"],
    ["ejected", "web: 1 of 2 endpoints of v1 ejected: 10.0.0.5:3000"],
  ]);
  expect(texts(service, { failures: () => 4 })).toEqual([]);
});

test("problemsOf() tells of a panic before ejections", () => {
  const service = shown({ v1: { weight: 1, endpoints: [WELL] } });
  expect(texts(service, { panicBy: () => 1, ejectedBy: () => 1 })).toEqual([
    ["panic", "web: too few endpoints of v1 are usable, so all are used"],
    ["ejected", "web: 1 of 1 endpoints of v1 ejected: 10.0.0.5:3000"],
  ]);
});

test("problemsOf() tells of names without an address, and why", () => {
  const service = shown({ v1: { weight: 1, endpoints: [WELL, NAME] } }, "DNS says NXDOMAIN");
  expect(texts(service)).toEqual([
    ["unresolved", "web: web.internal:3000 of v1 has no address: DNS says NXDOMAIN"],
  ]);
});

test("problemsOf() tells of listeners without service, registry and audit log", () => {
  const listener = {
    bind: "127.0.0.1:80",
    trustedPeers: [],
    proxyProtocol: false,
    protocols: ["http/1.1" as const],
    connectionsMax: 1,
  };
  const listeners = ["web", "shop", undefined].map((service) => ({ ...listener, service }));
  const services = [shown({ v1: { weight: 1, endpoints: [WELL] } })];
  const stale = ["endpoints: not confirmed by Consul for 10 s (ACL not found)"];
  const audit = ["Cannot write audit log: ENOSPC"];
  const credentials = ["Cannot use tokens.yaml"];
  const certificates = [MISSING_CERTIFICATE];
  const unwell = { stale, audit, credentials, certificates };
  expect(problemsOf({ services, lately: { ...QUIET, listeners }, ...unwell })).toEqual({
    problems: [
      {
        code: "no_service",
        service: "shop",
        text: "listener 127.0.0.1:80: wanted service shop, found none",
      },
      {
        code: "certificate_missing",
        text: "file:a.pem of service web is missing, so that it serves nobody: no file",
      },
      { code: "registry", text: stale[0] },
      { code: "audit", text: audit[0] },
      { code: "credentials", text: credentials[0] },
    ],
  });
});

test("problemsOf() tells of the store, and of stored documents that cannot be used", () => {
  const services = [shown({ v1: { weight: 1, endpoints: [WELL] } })];
  const found = problemsOf({
    services,
    lately: QUIET,
    stale: ["instances: none"],
    store: "ENOSPC",
    refused: new Map([
      ["web", "Cannot read service web"],
      ["new", "x".repeat(5_000)],
    ]),
    audit: [],
    credentials: [],
    certificates: [],
  });
  expect(problemsSchema.parse(found)).toEqual(found);
  const told = found.problems.map(({ code, service, text }) => [code, service, text.slice(0, 90)]);
  const why = "what is stored cannot be used, so";
  expect(told).toEqual([
    ["store", undefined, "table: ENOSPC"],
    ["registry", undefined, "instances: none"],
    ["refused", "web", `web: ${why} it stays as it was: Cannot read service web`],
    ["refused", "new", `new: ${why} it is not there: ${"x".repeat(90)}`.slice(0, 90)],
  ]);
  expect(found.problems.at(-1)?.text.length).toBeLessThan(1_100);
});

test("problemsOf() tells the worst of many, those with traffic first, and how many more", () => {
  const dead = shown({ v1: { weight: 1, endpoints: [] } });
  const services = Array.from({ length: PROBLEMS_MAX }, (_, index) => ({
    ...dead,
    snapshot: { ...dead.snapshot, name: `web-${index}` },
  }));
  const isBusy = (name: string): boolean => name === "web-99";
  const stale = ["table: old"];
  const more = { stale, audit: [], credentials: [], certificates: [] };
  const found = problemsOf({ services, lately: { ...QUIET, isBusy }, ...more });
  expect(found.moreProblems).toBe(PROBLEMS_MAX + 1);
  expect(found.problems).toHaveLength(PROBLEMS_MAX);
  const first = found.problems.slice(0, 4).map(({ code, service }) => [code, service]);
  expect(first).toEqual([
    ["nothing_served", "web-99"],
    ["registry", undefined],
    ["no_usable_endpoint", "web-99"],
    ["nothing_served", "web-0"],
  ]);
});
