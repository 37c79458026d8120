import { systemClock } from "../../../proxy/base/clock.ts";
import type { TimerWheel } from "../../../proxy/base/timer-wheel.ts";
import { describe, expect, test } from "vitest";
import { AnswerNote } from "../../../proxy/exchange/answer-note.ts";
import { Attempt } from "../../../proxy/exchange/attempt.ts";
import type { Destination } from "../../../proxy/exchange/destination.ts";
import type {
  ExchangeClient,
  ExchangeUpstream,
  UpstreamPool,
} from "../../../proxy/exchange/ports.ts";
import { OutgoingRequest } from "../../../proxy/http1/outgoing-request.ts";
import { RequestHead } from "../../../proxy/http1/request-head.ts";
import { ResponseHead } from "../../../proxy/http1/response-head.ts";
import type { Endpoint } from "../../../proxy/upstream/endpoint.ts";
import type { MessageUser } from "../../../proxy/upstream/upstream-connection.ts";
import type { NoConnection } from "../../../proxy/upstream/pool-policy.ts";
import { FakeStream, requestHead } from "./exchange-fixture.ts";

const USER = {} as MessageUser;
const ENDPOINT = { habits: { spoke: () => undefined } } as unknown as Endpoint;
const REQUEST = requestHead("GET / HTTP/1.1\r\nHost: web\r\n\r\n");

const OUTGOING = new OutgoingRequest(new RequestHead(), "sluice-test");

function responseHead(...fields: readonly string[]): ResponseHead {
  const text = ["HTTP/1.1 200 OK", ...fields, "", ""].join("\r\n");
  const bytes = Buffer.from(text, "latin1");
  const head = new ResponseHead();
  head.reset();
  head.parse(bytes, 0, bytes.length);
  return head;
}

/** An endpoint that writes down how long it took. */
function timedEndpoint(heard: string[]): Endpoint {
  const latency = {
    answered: (ms: number) => heard.push(`answered after ${ms}`),
    failed: (ms: number) => heard.push(`failed after ${ms}`),
  };
  return { latency } as unknown as Endpoint;
}

/** A connection that stands, with a name for what the pool hears. */
type Named = ExchangeUpstream & { readonly name: string };

function upstream(name: string, reused = false): Named {
  const stream = new FakeStream();
  const state = { ready: true, reused, gone: false, toldIdleMs: undefined };
  return { name, endpoint: ENDPOINT, stream, tunnelEnd: undefined, ...state };
}

/** An attempt of a client at one pool. */
class Bed {
  /** What the pool heard. */
  readonly heard: string[] = [];
  /** What acquire() gives, and resume() and release(…, true) answer. */
  got: Named | NoConnection = "unavailable";
  keeps = true;
  nowMs = 1_000;
  readonly client = { bound: undefined, mayBind: true } as ExchangeClient;
  readonly attempt = new Attempt(this.client);
  readonly pool = {
    acquire: (
      ...[, ms, avoid, freshness, place]: Parameters<UpstreamPool["acquire"]>
    ): Named | NoConnection => {
      const where = place === undefined ? "" : ` at ${place.high}`;
      this.heard.push(
        `acquire ${ms} ${freshness}${avoid === undefined ? "" : " avoiding"}${where}`,
      );
      return this.got;
    },
    cancel: () => this.heard.push("cancel"),
    release: ({ name }: Named, alone = false) => {
      this.heard.push(`release ${name}${alone ? " alone" : ""}`);
      return this.keeps;
    },
    resume: ({ name }: Named) => {
      this.heard.push(`resume ${name}`);
      return this.keeps;
    },
    discard: ({ name }: Named) => this.heard.push(`discard ${name}`),
    succeeded: () => this.heard.push("well"),
    failed: () => this.heard.push("bad"),
  } as unknown as UpstreamPool;

  /** Has a request under way at an endpoint that is asked how long it takes. */
  timed(done: boolean): this {
    this.got = { ...upstream("a"), endpoint: timedEndpoint(this.heard) };
    Object.assign(this.request, { done });
    this.begin();
    this.heard.length = 0;
    this.nowMs += 250;
    return this;
  }

  readonly request = { idempotent: true, done: true };

  begin({ idempotent = true, avoid = false, fresh = false, pool = true, high = 0 } = {}): unknown {
    const affinity = { endpointPlace: high === 0 ? undefined : { high, low: 0 } };
    const to = { pool: pool ? this.pool : undefined, policy: { connectTimeoutMs: 7 }, affinity };
    const wheel = { readMs: () => this.nowMs, nowMs: this.nowMs } as TimerWheel;
    const rest = { wheel, sinceMs: 0, answer: { note: new AnswerNote(systemClock) } };
    const request = { ...this.request, idempotent, outgoing: OUTGOING };
    const attempted = { to: to as unknown as Destination, request, ...rest };
    return this.attempt.begin(USER, attempted, avoid ? ENDPOINT : undefined, fresh);
  }

  /** The name of the client's own connection. undefined: it has none. */
  get bound(): string | undefined {
    const own = this.client.bound?.upstream as Named | undefined;
    return own?.name;
  }
}

describe("Attempt.begin()", () => {
  test.each([
    ["any", {}],
    ["recent", { idempotent: false }],
    ["new", { fresh: true }],
    ["new", { fresh: true, idempotent: false }],
  ])("asks for a connection that is %s of %j", (freshness, wish) => {
    const bed = new Bed();
    bed.got = upstream("a");
    expect(bed.begin(wish)).toBeUndefined();
    expect(bed.heard).toEqual([`acquire 7 ${freshness}`]);
    expect([bed.attempt.upstream, bed.attempt.endpoint]).toEqual([bed.got, ENDPOINT]);
  });

  test("asks for the endpoint of the request's place", () => {
    const bed = new Bed();
    bed.begin({ high: 5 });
    expect(bed.heard).toEqual(["acquire 7 any at 5"]);
  });

  test.each([
    ["unavailable", "no-endpoint"],
    ["overloaded", "overloaded"],
  ] as const)("says %s as %s, and has nothing to cancel", (got, error) => {
    const bed = new Bed();
    bed.got = got;
    expect([bed.begin(), bed.attempt.inLine]).toEqual([error, false]);
    bed.attempt.drop(USER);
    expect(bed.heard).toEqual(["acquire 7 any"]);
  });

  test("fails where the destination has no pool", () => {
    const bed = new Bed();
    expect(bed.begin({ pool: false })).toBe("no-endpoint");
  });

  test("is in line until the pool gives it a connection", () => {
    const bed = new Bed();
    bed.got = "waiting";
    expect([bed.begin(), bed.attempt.inLine, bed.attempt.writable]).toEqual([
      undefined,
      true,
      undefined,
    ]);
    const late = upstream("a");
    bed.attempt.got(late);
    expect([bed.attempt.inLine, bed.attempt.writable]).toEqual([false, late]);
  });
});

describe("Attempt.release()", () => {
  const NTLM = responseHead("WWW-Authenticate: NTLM");

  test("gives a connection back, and learns from its first answer how long it may rest", () => {
    const bed = new Bed();
    const [first, used] = [upstream("a"), upstream("b", true)];
    for (const each of [first, used]) {
      bed.got = each;
      bed.begin();
      bed.attempt.release(responseHead("Keep-Alive: timeout=5"), REQUEST);
    }
    expect([first.toldIdleMs, used.toldIdleMs]).toEqual([4_000, undefined]);
    expect(bed.heard.filter((each) => !each.startsWith("acquire"))).toEqual([
      "release a",
      "release b",
    ]);
    expect(bed.attempt.upstream).toBeUndefined();
  });

  test("keeps one that signs its client in for this client, which then uses no other", () => {
    const bed = new Bed();
    bed.got = upstream("a");
    bed.begin();
    bed.attempt.release(NTLM, REQUEST);
    expect(bed.bound).toBe("a");
    expect(bed.begin()).toBeUndefined();
    bed.attempt.release(responseHead(), REQUEST);
    expect(bed.heard).toEqual(["acquire 7 any", "release a alone", "resume a", "release a alone"]);
    expect(bed.bound).toBe("a");
  });

  test("discards the former one when another takes its place", () => {
    const bed = new Bed();
    for (const name of ["a", "b"]) {
      bed.got = upstream(name);
      bed.begin({ fresh: true });
      bed.attempt.release(NTLM, REQUEST);
    }
    expect(bed.heard.slice(-2)).toEqual(["discard a", "release b alone"]);
    expect(bed.bound).toBe("b");
  });

  test("discards one that signs in a client that is one of several streams", () => {
    const bed = new Bed();
    Object.assign(bed.client, { mayBind: false });
    bed.got = upstream("a");
    bed.begin();
    bed.attempt.release(NTLM, REQUEST);
    expect([bed.heard.at(-1), bed.bound, bed.attempt.upstream]).toEqual([
      "discard a",
      undefined,
      undefined,
    ]);
  });

  test("binds nothing that could not be kept", () => {
    const bed = new Bed();
    bed.keeps = false;
    bed.got = upstream("a");
    bed.begin();
    bed.attempt.release(NTLM, REQUEST);
    expect(bed.bound).toBeUndefined();
  });
});

describe("A client's own connection", () => {
  function boundBed(): Bed {
    const bed = new Bed();
    bed.client.bound = { pool: bed.pool, upstream: upstream("own") };
    bed.got = upstream("other");
    return bed;
  }

  test("is left when it is gone, and another one is asked for", () => {
    const bed = boundBed();
    bed.keeps = false;
    bed.begin();
    expect(bed.heard).toEqual(["resume own", "acquire 7 any"]);
    expect(bed.bound).toBeUndefined();
  });

  test.each([
    ["another endpoint is wanted", { avoid: true }, "acquire 7 any avoiding"],
    ["a new one is wanted", { fresh: true }, "acquire 7 new"],
  ])("is not used when %s", (_, wish, heard) => {
    const bed = boundBed();
    bed.begin(wish);
    expect([bed.heard, bed.bound]).toEqual([[heard], "own"]);
  });

  test("is not used for another version", () => {
    const bed = boundBed();
    bed.client.bound = { pool: {} as UpstreamPool, upstream: upstream("own") };
    bed.begin();
    expect([bed.heard, bed.bound]).toEqual([["acquire 7 any"], "own"]);
  });

  test("is nobody's any more when it is dropped, or has another owner", () => {
    for (const act of [
      (bed: Bed) => bed.attempt.drop(USER),
      (bed: Bed) => bed.attempt.handOver(),
    ]) {
      const bed = boundBed();
      bed.begin();
      act(bed);
      expect([bed.bound, bed.attempt.upstream]).toEqual([undefined, undefined]);
    }
  });
});

test("Attempt.drop() destroys what is under way, or leaves the line", () => {
  const bed = new Bed();
  bed.got = upstream("a");
  bed.begin();
  bed.attempt.drop(USER);
  bed.got = "waiting";
  bed.begin();
  bed.attempt.drop(USER);
  expect(bed.heard.slice(1)).toEqual(["discard a", "acquire 7 any", "cancel"]);
});

test("Attempt.judge() tells the pool how it went, if anything was tried", () => {
  const bed = new Bed();
  bed.attempt.judge(true);
  bed.got = upstream("a");
  bed.begin();
  bed.attempt.judge(true);
  bed.attempt.judge(false);
  expect(bed.heard.slice(1)).toEqual(["well", "bad"]);
});

test("Attempt.endsBody() believes only an end that nobody else can have made", () => {
  const bed = new Bed();
  const a = upstream("a");
  bed.got = a;
  bed.begin();
  const endsBody = (endsWithConnection: boolean): boolean =>
    bed.attempt.endsBody({ endsWithConnection });
  expect([endsBody(true), endsBody(false)]).toEqual([true, false]);
  (a.stream as FakeStream).endIsProven = false;
  expect(endsBody(true)).toBe(false);
});

test("Attempt.clear() forgets the exchange before", () => {
  const bed = new Bed();
  bed.got = upstream("a", true);
  bed.begin();
  expect(bed.attempt.isReused).toBe(true);
  bed.attempt.clear();
  expect([bed.attempt.isReused, bed.attempt.inLine, bed.attempt.writable]).toEqual([
    false,
    false,
    undefined,
  ]);
  bed.attempt.drop(USER);
  expect(bed.heard).toHaveLength(1);
});

describe("Attempt tells its endpoint", () => {
  test("how long a good answer took, once", () => {
    const bed = new Bed().timed(true);
    bed.attempt.judge(true);
    bed.attempt.lasted(true);
    bed.attempt.drop(USER);
    expect(bed.heard).toEqual(["answered after 250", "well", "discard a"]);
  });

  test("how long nothing came before it was given up", () => {
    const bed = new Bed().timed(true);
    bed.attempt.drop(USER);
    expect(bed.heard).toEqual(["failed after 250", "discard a"]);
  });

  test("the time since the request was whole, and nothing of an answer before that", () => {
    const slow = new Bed().timed(false);
    slow.attempt.asked();
    slow.nowMs += 3;
    slow.attempt.judge(true);
    const early = new Bed().timed(false);
    early.attempt.judge(true);
    expect([slow.heard, early.heard]).toEqual([["answered after 3", "well"], ["well"]]);
  });
});
