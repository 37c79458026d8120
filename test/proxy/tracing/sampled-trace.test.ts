import { describe, expect, test } from "vitest";
import { RandomHex } from "../../../proxy/base/random-hex.ts";
import type { EndedExchange } from "../../../proxy/exchange/witness.ts";
import { SampledTrace } from "../../../proxy/tracing/sampled-trace.ts";
import { requestHead } from "../exchange/exchange-fixture.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const WALL_MS = 1_796_000_000_000;

/** An exchange that began at 1000 and was answered with 200 by this endpoint. */
const EXCHANGE: EndedExchange = {
  head: requestHead("GET / HTTP/1.1\r\nHost: web\r\n\r\n"),
  request: {
    scanner: { payloadBytes: 0 },
    outgoing: { rewrite: { requestId: "id" }, target: "/" },
  },
  to: {
    live: { name: "web" },
    pool: { version: "v1", policy: { protocol: "http/1.1" } },
    grpc: { isCall: false, status: undefined, countedAs: (status) => status },
    holdMs: 0,
  },
  answer: {
    status: 200,
    note: {
      by: "endpoint",
      why: "",
      bodyBytes: 0,
      beganMs: 0,
      tries: 1,
      endpoint: { address: "unix:/run/app.sock", ejectedUntilMs: 0, agreed: undefined },
      trace: undefined,
    },
  },
  sinceMs: 1_000,
};

type Times = {
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly { readonly key: string; readonly value: object }[];
};

/** A trace, and a clock that the test sets; the wall's is at WALL_MS all the time. */
function bed() {
  const spans: Times[] = [];
  const time = { nowMs: 1_000 };
  const clock = {
    nowMs: () => time.nowMs,
    wallMs: () => WALL_MS,
    sleep: async () => undefined,
  };
  const add = (span: string): unknown => spans.push(JSON.parse(span) as Times);
  const deps = { clock, hex: new RandomHex(), add: (span: string) => void add(span) };
  const trace = new SampledTrace({ traceId: TRACE, parentId: "", state: "" }, deps);
  return { trace, spans, time };
}

const peer = { address: "192.0.2.1", trusted: false };

describe("SampledTrace", () => {
  test("tells when each try began and ended", () => {
    const { trace, spans, time } = bed();
    time.nowMs = 1_010;
    trace.tried();
    time.nowMs = 1_030;
    trace.triedInVain({ endpoint: undefined, version: "v1", why: "connect-refused" });
    time.nowMs = 1_040;
    trace.tried();
    trace.ended(EXCHANGE, peer, 100);
    const ms = (nanoseconds: string): number => Number(BigInt(nanoseconds) / 1_000_000n) - WALL_MS;
    const times = spans.map((span) => [ms(span.startTimeUnixNano), ms(span.endTimeUnixNano)]);
    // It ended now.
    expect(times).toEqual([
      [-100, 0],
      [-90, -70],
      [-60, 0],
    ]);
  });

  test("has another parent for each try, in one trace", () => {
    const { trace } = bed();
    const parents = [trace.parent];
    for (let tries = 0; tries < 3; tries += 1) {
      trace.tried();
      trace.triedInVain({ endpoint: undefined, version: "v1", why: 503 });
      parents.push(trace.parent);
    }
    expect(new Set(parents).size).toBe(4);
    for (const parent of parents) expect(parent).toMatch(new RegExp(`^00-${TRACE}-.{16}-01$`));
  });

  test("keeps so many tries and no more", () => {
    const { trace, spans } = bed();
    for (let tries = 0; tries < 1_000; tries += 1) {
      trace.tried();
      trace.triedInVain({ endpoint: undefined, version: "v1", why: "reset" });
    }
    trace.ended(EXCHANGE, peer, 1);
    expect(spans.length).toBeLessThan(40);
  });

  test("names a Unix socket by its path", () => {
    const { trace, spans } = bed();
    trace.tried();
    trace.ended(EXCHANGE, peer, 1);
    expect(spans[1]?.attributes).toEqual(
      expect.arrayContaining([
        { key: "network.peer.address", value: { stringValue: "/run/app.sock" } },
        { key: "network.transport", value: { stringValue: "unix" } },
      ]),
    );
  });
});
