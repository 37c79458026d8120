import { describe, expect, test } from "vitest";
import type {
  OpenCall,
  OpenClient,
  OpenRequest,
} from "../../../proxy/clients/client-connections.ts";
import { openWork } from "../../../proxy/drain/open-work.ts";
import type { OpenWork } from "../../../proxy/drain/open-work.ts";

const POOL = { service: "web", version: "v1" };

/** A request under way that notes when it is cut. */
function request(): OpenRequest & { cuts: number; sinceMs: number; pool: typeof POOL | undefined } {
  const about = { pool: POOL, sinceMs: 5, head: {}, answer: { status: 0 } };
  const cut = (): void => void (made.cuts += 1);
  const made = { ...about, request: { written: true }, cuts: 0, cut };
  return made as unknown as ReturnType<typeof request>;
}

/** The work of one stream. */
function workOf(exchange: OpenRequest, call?: OpenCall, more: object = {}): OpenWork {
  const nothing = { tunnel: undefined, exchange: undefined };
  const client = { ...nothing, streams: [nothing, { ...nothing, exchange, call, ...more }] };
  const [work, ...others] = openWork([client as unknown as OpenClient]);
  if (work === undefined || others.length > 0) throw new Error("There is not one work.");
  return work;
}

describe("openWork()", () => {
  test("has requests, whose gentle end is the hard one", () => {
    const exchange = request();
    const work = workOf(exchange);
    expect([work.kind, work.sinceMs, work.lasts, work.isBetweenMessages]).toEqual([
      "exchange",
      5,
      false,
      true,
    ]);
    work.close(1012);
    expect([exchange.cuts, work.closing, work.gone]).toEqual([1, false, false]);
    exchange.sinceMs = 6;
    expect(work.gone).toBe(true);
    work.cut(1012);
    expect(exchange.cuts).toBe(1);
  });

  test("has streams of gRPC, which end behind a message, or at once between two", () => {
    const exchange = request();
    const call = { isBetweenMessages: false, closing: false };
    const work = workOf(exchange, call);
    expect([work.lasts, work.isBetweenMessages]).toEqual([true, false]);
    work.close(1012);
    expect([exchange.cuts, call.closing, work.closing]).toEqual([0, true, true]);
    call.isBetweenMessages = true;
    workOf(exchange, call).close(1012);
    expect(exchange.cuts).toBe(1);
    exchange.pool = undefined;
    expect([work.gone, work.closing]).toEqual([true, false]);
  });

  test.each([
    ["refuses a request that nobody has seen", false, 0, "refused"],
    ["cuts one that an endpoint may have seen", true, 0, "cut"],
    ["cuts one that was answered", false, 200, "cut"],
  ])("%s", (_, written, status, expected) => {
    const exchange = { ...request(), request: { written }, answer: { status } };
    const ends: string[] = [];
    exchange.cut = () => void ends.push("cut");
    const stream = { refuse: () => void ends.push("refused") };
    workOf(exchange, undefined, { stream }).cut(1012);
    expect(ends).toEqual([expected]);
    workOf(exchange, undefined, { stream: {} }).cut(1012);
    expect(ends).toEqual([expected, "cut"]);
  });

  test("asks no call to end whose stream carries another one by now", () => {
    const exchange = request();
    const call = { isBetweenMessages: false, closing: false };
    const work = workOf(exchange, call);
    exchange.sinceMs = 7;
    work.close(1012);
    expect([exchange.cuts, call.closing]).toEqual([0, false]);
  });
});
