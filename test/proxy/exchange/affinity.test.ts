import { describe, expect, test } from "vitest";
import { seededRandom } from "../../../proxy/base/random.ts";
import { Affinity } from "../../../proxy/exchange/affinity.ts";
import { QuotaSequence } from "../../../proxy/table/quota-sequence.ts";
import type { FencedSession } from "../../../proxy/table/fence.ts";
import type { ServiceTable } from "../../../proxy/table/service-table.ts";
import type { Peer } from "../../../proxy/transport/peer.ts";
import type { AffinitySnapshot } from "../../../proxy/table/snapshot.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { responseHeadOf } from "../http1/fields-fixture.ts";
import { cookieAffinity, request, serviceTable } from "../table/service-fixture.ts";

/*
 * Goal: a visitor keeps the version, whoever sets which cookie when. Method: a client keeps cookies
 * as a browser does, and an application answers with its own.
 */

const DAY_S = 86_400;

/** A service, as one worker has it. */
class Bed {
  readonly clock = new ManualClock();
  readonly #random = seededRandom(11);
  readonly #affinity = new Affinity({ clock: this.clock, random: this.#random });
  readonly #quota = new QuotaSequence(this.#random);
  #version: string | undefined;
  table: ServiceTable;
  client: Peer = { address: "10.0.0.1", trusted: false };

  constructor(
    affinity: AffinitySnapshot = cookieAffinity(),
    weights: Record<string, number> = { v1: 1, v2: 1 },
  ) {
    this.table = serviceTable(weights, { affinity });
  }

  /** The version of a request with this jar; its answer's cookies go into the jar. */
  ask(jar: Map<string, string>, ...answer: readonly string[]): string | undefined {
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join("; ");
    const view = request("/", jar.size === 0 ? {} : { cookie });
    this.#affinity.read(this.table, view, this.client);
    const version = this.#affinity.pick({ table: this.table, quota: this.#quota })?.name;
    this.#version = version;
    const set = this.told(...answer);
    for (const [, name = "", value = ""] of set.matchAll(/^set-cookie: ([^=]+)=([^;\r]*)/gim)) {
      jar.set(name, value);
    }
    return version;
  }

  /** A request with this jar comes, and nobody answers yet. */
  read(jar: ReadonlyMap<string, string>): void {
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join("; ");
    this.#affinity.read(this.table, request("/", { cookie }), this.client);
  }

  get fenced(): FencedSession | undefined {
    return this.#affinity.fenced;
  }

  /** What the endpoint of the request that was asked last follows from. */
  get endpointPlace(): unknown {
    const place = this.#affinity.endpointPlace;
    return place && { high: place.high, low: place.low };
  }

  /** All Set-Cookie lines of the answer to what was asked last. */
  told(...answer: readonly string[]): string {
    const own = this.#affinity.fields(responseHeadOf("HTTP/1.1 200 OK", ...answer), this.#version);
    return [...answer, own].join("\r\n");
  }
}

/** The cookies that an answer sets, by name. */
function names(lines: string): string[] {
  return [...lines.matchAll(/^set-cookie: ([^=]+)=/gim)].map(([, name = ""]) => name);
}

test("a new session gets one cookie under the configured name, and none after that", () => {
  const bed = new Bed();
  const jar = new Map<string, string>();
  const version = bed.ask(jar);
  expect([...jar.keys()]).toEqual(["sid"]);
  for (let at = 0; at < 20; at += 1) {
    expect(bed.ask(jar)).toBe(version);
    expect(names(bed.told())).toEqual([]);
  }
});

test.each([[true], [false]])(
  "a visitor whose key the application mints and renews stays (set: %j)",
  (set) => {
    const bed = new Bed(cookieAffinity({ set }));
    const found = new Set<string | undefined>();
    for (let visitor = 0; visitor < 200; visitor += 1) {
      const jar = new Map<string, string>();
      const first = bed.ask(jar, `Set-Cookie: sid=minted-${visitor}; Path=/`);
      expect([...jar.keys()]).toEqual(["sid", "sluice-web"]);
      expect(jar.get("sid")).toBe(`minted-${visitor}`);
      const later = [
        bed.ask(jar),
        bed.ask(jar, `Set-Cookie: sid=renewed-${visitor}`),
        bed.ask(jar),
      ];
      expect(later).toEqual([first, first, first]);
      expect(jar.get("sid")).toBe(`renewed-${visitor}`);
      found.add(first);
    }
    expect(found).toEqual(new Set(["v1", "v2"]));
  },
);

test.each([[{ v1: 90, v2: 10 }], [{ v1: 99, v2: 1 }], [{ v1: 50, v2: 30, v3: 20 }]])(
  "new sessions are divided as exactly as requests without a key, give or take 2: %j",
  (weights) => {
    const bed = new Bed(cookieAffinity(), weights);
    const counts: Record<string, number> = {};
    for (let visitor = 1; visitor <= 1_000; visitor += 1) {
      const version = bed.ask(new Map()) as string;
      counts[version] = (counts[version] ?? 0) + 1;
      for (const [name, weight] of Object.entries(weights)) {
        expect(Math.abs((counts[name] ?? 0) - (visitor * weight) / 100)).toBeLessThanOrEqual(2);
      }
    }
  },
);

test("a session keeps its version when the application takes the name over later", () => {
  const bed = new Bed();
  for (let visitor = 0; visitor < 100; visitor += 1) {
    const jar = new Map<string, string>();
    const first = bed.ask(jar);
    expect(bed.ask(jar, `Set-Cookie: sid=login-${visitor}`)).toBe(first);
    expect(bed.ask(jar)).toBe(first);
    // Logged out: the application's cookie goes, ours stays.
    jar.delete("sid");
    expect(bed.ask(jar)).toBe(first);
    expect(jar.has("sid")).toBe(false);
  }
});

test("a visitor with a key from before keeps the place of that key when it is renewed", () => {
  const bed = new Bed(cookieAffinity({ set: false }), { v1: 1, v2: 1 });
  const shifted = new Bed(cookieAffinity({ set: false }), { v1: 1, v2: 9 });
  for (let visitor = 0; visitor < 100; visitor += 1) {
    const old = new Map([["sid", `old-${visitor}`]]);
    const renewed = new Map(old);
    bed.ask(renewed, "Set-Cookie: sid=new");
    expect(bed.ask(renewed)).toBe(bed.ask(old));
    expect(shifted.ask(renewed)).toBe(shifted.ask(old));
  }
});

test("never two cookies of one name, whatever the answer sets", () => {
  const bed = new Bed();
  const first = names(bed.ask(new Map()) ? bed.told("Set-Cookie: a=1", "Set-Cookie: sid=1") : "");
  expect(first).toEqual(["a", "sid", "sluice-web"]);
});

test("a shift moves visitors only to what was raised, and one to 0 moves all", () => {
  const bed = new Bed(cookieAffinity({ set: false }));
  const jars = Array.from({ length: 200 }, () => new Map<string, string>());
  const before = jars.map((jar, at) => bed.ask(jar, `Set-Cookie: sid=${at}`));
  const v2Before = before.filter((version) => version === "v2").length;
  expect(Math.abs(v2Before - 100)).toBeLessThanOrEqual(1);
  bed.table = serviceTable({ v1: 1, v2: 3 }, { affinity: cookieAffinity({ set: false }) });
  const after = jars.map((jar) => bed.ask(jar));
  expect(after.filter((version, at) => before[at] === "v2" && version !== "v2")).toEqual([]);
  expect(Math.abs(after.filter((version) => version === "v2").length - 150)).toBeLessThan(30);
  bed.table = serviceTable({ v1: 0, v2: 3 }, { affinity: cookieAffinity({ set: false }) });
  expect(new Set(jars.map((jar) => bed.ask(jar)))).toEqual(new Set(["v2"]));
});

test.each([
  ["under the configured name", [] as const, "sid"],
  ["beside the application's", ["Set-Cookie: sid=theirs"] as const, "sluice-web"],
])("a cookie %s is given again when half of its time is over", async (_name, answer, cookie) => {
  const bed = new Bed();
  const jar = new Map<string, string>();
  const version = bed.ask(jar, ...answer);
  await bed.clock.advance((DAY_S / 2) * 1_000);
  bed.ask(jar);
  expect(names(bed.told())).toEqual([]);
  await bed.clock.advance(2_000);
  const old = jar.get(cookie);
  expect(bed.ask(jar)).toBe(version);
  expect(jar.get(cookie)).not.toBe(old);
  expect(jar.get(cookie)?.slice(0, 16)).toBe(old?.slice(0, 16));
  bed.ask(jar);
  expect(names(bed.told())).toEqual([]);
});

test("an answer that shared caches may store gets no cookie, unless it is told so", () => {
  const cacheable = "Cache-Control: public, max-age=60";
  const jar = new Map<string, string>();
  const bed = new Bed();
  bed.ask(jar, cacheable);
  expect([...jar.keys()]).toEqual([]);
  bed.ask(jar, cacheable, "Set-Cookie: sid=theirs");
  expect([...jar.keys()]).toEqual(["sid"]);
  const open = new Map<string, string>();
  new Bed(cookieAffinity({ onCacheable: true })).ask(open, cacheable);
  expect([...open.keys()]).toEqual(["sid"]);
});

test("a place of another salt is none: the salt says who is first", () => {
  const bed = new Bed();
  const jar = new Map<string, string>();
  bed.ask(jar, "Set-Cookie: sid=theirs");
  const kept = jar.get("sluice-web");
  bed.table = serviceTable({ v1: 1, v2: 1 }, { affinity: cookieAffinity(), salt: "other" });
  bed.ask(jar, "Set-Cookie: sid=theirs");
  expect(jar.get("sluice-web")).not.toBe(kept);
});

test("keys that are not cookies need none", () => {
  const bed = new Bed({ kind: "clientIp" });
  const jar = new Map<string, string>();
  expect(bed.ask(jar, "Set-Cookie: sid=1")).toBe(bed.ask(new Map()));
  expect([...jar.keys()]).toEqual(["sid"]);
});

test("endpointPlace is that of the session, from its first request on", () => {
  const bed = new Bed({ ...cookieAffinity(), toEndpoint: true });
  const jar = new Map<string, string>();
  bed.ask(jar);
  const first = bed.endpointPlace;
  expect(first).toMatchObject({ high: expect.any(Number), low: expect.any(Number) });
  bed.ask(jar);
  expect(bed.endpointPlace).toEqual(first);
  bed.ask(new Map());
  expect(bed.endpointPlace).not.toEqual(first);
});

test("endpointPlace is none where requests have no key, or stick to versions alone", () => {
  const keyless = new Bed({ ...cookieAffinity(), set: false, toEndpoint: true });
  keyless.ask(new Map());
  const other = new Bed();
  other.ask(new Map([["sid", "ada"]]));
  expect([keyless.endpointPlace, other.endpointPlace]).toEqual([undefined, undefined]);
});

describe("an epoch", () => {
  /** One version has all requests, and writes a format. */
  function writing(format: number, set = true): ServiceTable {
    const compat = { reads: [1, 2, 3], writes: format, requires: {} };
    return serviceTable({ v1: { weight: 1, compat } }, { affinity: cookieAffinity({ set }) });
  }

  const epochIn = (value = ""): number =>
    value.length === 40 ? Number.parseInt(value.slice(24, 32), 16) : 0;

  test("is in the cookie from the first answer on, grows, and never falls", () => {
    const bed = new Bed();
    const jar = new Map<string, string>();
    bed.ask(jar);
    const before = jar.get("sid");
    const seen = [1, 2, 1, 3].map((format) => {
      bed.table = writing(format);
      bed.ask(jar);
      return [epochIn(jar.get("sid")), jar.get("sid")?.slice(0, 16) === before?.slice(0, 16)];
    });
    expect(seen).toEqual([
      [1, true],
      [2, true],
      [2, true],
      [3, true],
    ]);
    expect(names(bed.told())).toEqual([]);
    expect(bed.fenced).toEqual(expect.objectContaining({ epoch: 3 }));
  });

  test("of a key that the application made is beside it, though Sluice sets no cookies", () => {
    const bed = new Bed();
    bed.table = writing(2, false);
    const jar = new Map([["sid", "theirs"]]);
    bed.ask(jar);
    expect([jar.get("sid"), epochIn(jar.get("sluice-web"))]).toEqual(["theirs", 2]);
    const keyless = new Map<string, string>();
    bed.ask(keyless);
    expect([...keyless.keys()]).toEqual([]);
    bed.ask(keyless, "Set-Cookie: sid=minted");
    expect(epochIn(keyless.get("sluice-web"))).toBe(2);
  });

  test("outlives answers that may not set a cookie, and services that say nothing", async () => {
    const bed = new Bed();
    const jar = new Map<string, string>();
    bed.ask(jar);
    bed.table = writing(2);
    bed.ask(jar, "Cache-Control: public, max-age=60");
    expect(epochIn(jar.get("sid"))).toBe(0);
    bed.ask(jar);
    expect(epochIn(jar.get("sid"))).toBe(2);
    bed.table = serviceTable({ v1: 1 }, { affinity: cookieAffinity() });
    await bed.clock.advance((DAY_S / 2 + 2) * 1_000);
    bed.ask(jar);
    expect([epochIn(jar.get("sid")), bed.fenced]).toEqual([2, undefined]);
  });

  test("is of the session alone: the next request begins without", () => {
    const bed = new Bed();
    bed.table = writing(2);
    const jar = new Map<string, string>();
    bed.ask(jar);
    bed.ask(jar);
    expect(bed.fenced).toBeDefined();
    bed.ask(new Map([["sid", "theirs"]]));
    expect(bed.fenced?.epoch).toBe(2);
    bed.read(new Map([["sid", "another"]]));
    expect(bed.fenced).toBeUndefined();
  });
});
