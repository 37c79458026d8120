import { describe, expect, test } from "vitest";
import type { AffinitySnapshot, Policy, RetryPolicy } from "../../../proxy/table/snapshot.ts";
import { eventually } from "../../support/eventually.ts";
import { serviceSnapshot } from "../table/service-fixture.ts";
import { ExchangeBed, FakeStream } from "./exchange-fixture.ts";

const GET = "GET /a HTTP/1.1\r\nHost: web\r\n\r\n";
const KEYED = "GET /a HTTP/1.1\r\nHost: web\r\nX-User: ada\r\n\r\n";
const POST = "POST /a HTTP/1.1\r\nHost: web\r\nContent-Length: 2\r\n\r\nab";
const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n";

const { policy, versions } = serviceSnapshot({ v1: 1 });

/** Requests with this key stick to an endpoint. */
const BY_USER: AffinitySnapshot = { kind: "header", name: "x-user", toEndpoint: true };

type Hedged = {
  readonly bed: ExchangeBed;
  readonly first: FakeStream;
  readonly second: FakeStream;
};

/** A request to two endpoints, hedged after a millisecond. */
function hedged(
  request: string,
  retries: Partial<RetryPolicy> = {},
  endpoints = 2,
  affinity?: AffinitySnapshot,
): Hedged {
  const all: Policy = {
    ...policy,
    hedge: { afterMs: 1 },
    retries: { ...policy.retries, ...retries },
  };
  const addresses = ["127.0.0.1:1", "127.0.0.1:2"].slice(0, endpoints);
  const bed = new ExchangeBed({
    policy: all,
    affinity,
    versions: [
      {
        name: "v1",
        weight: 1,
        state: "ready",
        endpoints: addresses.map((address) => {
          return { address, weight: 1, state: "ready", healthy: true };
        }),
      },
    ],
  });
  const [first, second] = [new FakeStream(), new FakeStream()];
  bed.answers.push(bed.upstream(first), bed.upstream(second));
  bed.request(request);
  return { bed, first, second };
}

/** A request that says whether its endpoint is well again. */
function trying(): Hedged {
  const begun = hedged(GET);
  begun.bed.endpoint.trial = "under way";
  return begun;
}

/** Waits until a hedge has been sent by another exchange that began later. */
async function oneMoreHedge(): Promise<void> {
  const { bed } = hedged(GET);
  await eventually(() => expect(bed.pool).toEqual(["acquire", "acquire"]));
  bed.leave();
}

describe("HedgedAttempt", () => {
  test("asks a second endpoint, and takes the answer of whoever is first", async () => {
    const { bed, first, second } = hedged(GET);
    await eventually(() => expect(second.text).not.toBe(""));
    expect(second.text).toBe(first.text);
    expect(bed.live.retrying).toBe(1);
    bed.respond(`${OK}hi`);
    expect(bed.client.text.endsWith("\r\n\r\nhi")).toBe(true);
    expect(bed.pool).toEqual(["acquire", "acquire", "discard", "well", "release"]);
    expect([bed.ended, bed.live.retrying, bed.live.inFlight]).toEqual([["keep"], 0, 0]);
    expect(bed.policyCounts.stats()[0]?.counts).toEqual({ "hedge:sent": 1, "hedge:won": 1 });
  });

  test("drops the second when the first answers after all", async () => {
    const { bed } = hedged(GET);
    const own = bed.user;
    await eventually(() => expect(bed.pool).toEqual(["acquire", "acquire"]));
    const bytes = Buffer.from(`${OK}hi`);
    own?.onUpstreamData(bytes, bytes.length);
    expect(bed.pool).toEqual(["acquire", "acquire", "discard", "well", "release"]);
    expect(bed.client.text.match(/^HTTP/gm)).toHaveLength(1);
    expect(bed.policyCounts.stats()[0]?.counts).toEqual({ "hedge:sent": 1 });
  });

  test("goes on with the second when the first fails", async () => {
    const { bed } = hedged(GET, { attempts: 0 });
    const own = bed.user;
    await eventually(() => expect(bed.pool).toEqual(["acquire", "acquire"]));
    own?.onUpstreamClosed(undefined);
    expect([bed.client.text, bed.ended]).toEqual(["", []]);
    bed.respond(`${OK}hi`);
    expect(bed.client.text.startsWith("HTTP/1.1 200")).toBe(true);
    expect(bed.ended).toEqual(["keep"]);
  });

  test("gives the second its time when the first has had it", async () => {
    const { bed } = hedged(GET, { attempts: 0 });
    await eventually(() => expect(bed.pool).toEqual(["acquire", "acquire"]));
    bed.after(policy.responseTimeoutMs + 1);
    expect([bed.client.text, bed.ended, bed.armedMs < Infinity]).toEqual(["", [], true]);
    bed.after(policy.responseTimeoutMs + 1);
    expect(bed.client.text.startsWith("HTTP/1.1 504")).toBe(true);
    expect([bed.ended, bed.live.retrying, bed.live.inFlight]).toEqual([["keep"], 0, 0]);
  });

  test("stays with the first when the second fails", async () => {
    const { bed } = hedged(GET);
    const own = bed.user;
    await eventually(() => expect(bed.pool).toEqual(["acquire", "acquire"]));
    bed.user?.onUpstreamClosed(undefined);
    expect(bed.live.retrying).toBe(0);
    const bytes = Buffer.from(`${OK}hi`);
    own?.onUpstreamData(bytes, bytes.length);
    expect(bed.client.text.startsWith("HTTP/1.1 200")).toBe(true);
  });

  test("leaves both when its client leaves", async () => {
    const { bed } = hedged(GET);
    await eventually(() => expect(bed.pool).toEqual(["acquire", "acquire"]));
    bed.leave();
    expect(bed.pool).toEqual(["acquire", "acquire", "discard", "discard"]);
    expect([bed.live.retrying, bed.live.inFlight]).toEqual([0, 0]);
  });

  test.each([
    ["what must not be sent twice", () => hedged(POST)],
    ["beyond the budget", () => hedged(GET, { budgetPercent: 0, budgetMin: 0 })],
    ["a lone endpoint", () => hedged(GET, {}, 1)],
    ["what tries an endpoint that was ejected", trying],
    ["who sticks to an endpoint", () => hedged(KEYED, {}, 2, BY_USER)],
  ])("never doubles %s", async (_what, begin) => {
    const { bed, second } = begin();
    await oneMoreHedge();
    expect([bed.pool, second.text]).toEqual([["acquire"], ""]);
  });

  test("doubles a request without a key where those with one stick to endpoints", async () => {
    const { bed } = hedged(GET, {}, 2, BY_USER);
    await eventually(() => expect(bed.pool).toEqual(["acquire", "acquire"]));
    bed.leave();
  });

  test("never doubles what goes by the client's own connection", async () => {
    const { bed, first, second } = hedged(GET);
    const resume = (_: unknown, user: typeof bed.user): boolean => {
      bed.user = user;
      return true;
    };
    Object.assign(bed.live.pools[0] as object, { release: () => true, resume });
    bed.respond("HTTP/1.1 401 No\r\nWWW-Authenticate: NTLM\r\nContent-Length: 0\r\n\r\n");
    expect(bed.ended).toEqual(["keep"]);
    bed.again(GET);
    await oneMoreHedge();
    expect(first.text.match(/^GET/gm)).toHaveLength(2);
    expect([bed.pool, second.text]).toEqual([["acquire", "well"], ""]);
  });

  test("is told by latency when to, once it knows enough", async () => {
    const [version] = versions;
    const endpoints = ["127.0.0.1:1", "127.0.0.1:2"].map((address) => {
      return { address, weight: 1, state: "ready" as const, healthy: true };
    });
    const bed = new ExchangeBed({
      policy: { ...policy, hedge: { afterMs: undefined } },
      versions: [{ name: "v1", weight: version?.weight ?? 1, state: "ready", endpoints }],
    });
    const [pool] = bed.live.pools;
    expect(pool?.slowMs).toBeUndefined();
    for (let count = 0; count < 100; count += 1) {
      if (pool !== undefined) pool.inFlight += 1;
      pool?.left(5, [1, 1, 1]);
    }
    expect(pool?.slowMs).toBeGreaterThan(1);
    bed.answers.push(bed.upstream(new FakeStream()), bed.upstream(new FakeStream()));
    bed.request(GET);
    await eventually(() => expect(bed.pool).toEqual(["acquire", "acquire"]));
    bed.leave();
  });
});
