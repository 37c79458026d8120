import { describe, expect, test } from "vitest";
import type { ServiceSnapshot } from "../../../proxy/table/snapshot.ts";
import { DEFAULT_POLICY } from "../../../control/config/policy-schema.ts";
import { decodedFields, decodedRequest, decodedResponse } from "../http1/decoded-fixture.ts";
import { ExchangeBed, FakeStream } from "./exchange-fixture.ts";

/*
 * Goal: a call of gRPC is one exchange that says at its end how it went, and whose client hears of
 * errors of ours in its own words. Method: exchanges between streams of the test's own.
 */

const GRPC = "content-type: application/grpc";
const POST = { method: "POST", path: "/shop.Cart/Add" };
const HEAD = decodedResponse(200, GRPC);

type Call = { readonly bed: ExchangeBed; readonly upstream: FakeStream };

/** A call whose request has gone out whole. */
function call(service: Partial<ServiceSnapshot> = {}, ...lines: readonly string[]): Call {
  const bed = new ExchangeBed(service);
  const upstream = new FakeStream(false);
  bed.answers.push(bed.upstream(upstream));
  bed.begin(decodedRequest(POST, GRPC, ...lines), false);
  bed.more("question");
  bed.finish();
  return { bed, upstream };
}

/** Exchanges and attempts that the version has counted. */
function counted({ live }: ExchangeBed): { readonly codes: unknown; readonly outcomes: unknown } {
  const [pool] = live.pools;
  const { codes, outcomes } = pool?.counters.stats("", "", 0) ?? { codes: [], outcomes: [] };
  return { codes, outcomes };
}

describe("A call", () => {
  test("that went well, or ends as its client may have brought about, is none against it", () => {
    for (const status of [0, 5]) {
      const { bed } = call();
      bed.user?.onUpstreamHead(HEAD, false);
      expect(bed.pool).toEqual(["acquire"]);
      bed.user?.onUpstreamBody(Buffer.from("answer"), 0, 6);
      bed.user?.onUpstreamFinish(decodedFields(`grpc-status: ${status}`));
      expect(bed.pool).toEqual(["acquire", "well", "release"]);
      expect(bed.client.finished).toEqual([`grpc-status: ${status}\r\n`]);
      expect(counted(bed)).toEqual({ codes: [0, 0, 1, 0, 0, 0], outcomes: [1, 0, 0, 0, 0, 0] });
    }
  });

  test("that fails counts against its endpoint and version, by its trailers", () => {
    const { bed } = call();
    bed.user?.onUpstreamHead(HEAD, false);
    bed.user?.onUpstreamFinish(decodedFields("grpc-status: 13"));
    expect(bed.pool).toEqual(["acquire", "bad", "release"]);
    expect(counted(bed)).toEqual({ codes: [0, 0, 0, 0, 0, 1], outcomes: [0, 0, 0, 0, 1, 0] });
  });

  test("that fails counts as its service says", () => {
    const { bed } = call({ grpc: { failures: ["NOT_FOUND"] } });
    bed.user?.onUpstreamHead(decodedResponse(200, GRPC, "grpc-status: 5"), true);
    expect(bed.pool).toEqual(["acquire", "bad", "release"]);
    const other = call({ grpc: { failures: ["NOT_FOUND"] } });
    other.bed.user?.onUpstreamHead(decodedResponse(200, GRPC, "grpc-status: 14"), true);
    expect(other.bed.pool).toEqual(["acquire", "well", "release"]);
  });

  test("that is UNAVAILABLE at once is repeated where the policy says so", () => {
    const unavailable = decodedResponse(200, GRPC, "grpc-status: 14");
    const on = { ...DEFAULT_POLICY.retries, on: ["grpc-unavailable"] } as const;
    const { bed } = call({ policy: { ...DEFAULT_POLICY, retries: on } });
    const second = new FakeStream(false);
    bed.answers.push(bed.upstream(second));
    bed.user?.onUpstreamHead(unavailable, true);
    expect(bed.client.text).toBe("");
    expect(second.text).toContain("question");
    bed.user?.onUpstreamHead(unavailable, true);
    expect(bed.client.text).toContain("grpc-status: 14");
    expect(counted(bed)).toMatchObject({ outcomes: [0, 0, 0, 0, 2, 0] });
    const { bed: other } = call();
    other.user?.onUpstreamHead(unavailable, true);
    expect(other.pool).toEqual(["acquire", "bad", "release"]);
  });

  test("tells the endpoint how much of its time is left", () => {
    const { upstream } = call({}, "grpc-timeout: 5S");
    const [, leftMs] = /^grpc-timeout: (\d+)m\r$/m.exec(upstream.text) ?? [];
    expect(Number(leftMs)).toBeGreaterThan(4_000);
    expect(Number(leftMs)).toBeLessThanOrEqual(5_000);
    expect(upstream.text.match(/grpc-timeout/g)).toHaveLength(1);
  });
});

describe("A call hears in its own words", () => {
  test("that there is no endpoint, or that there is no room", () => {
    for (const [why, status] of [
      ["unavailable", 14],
      ["overloaded", 8],
    ] as const) {
      const bed = new ExchangeBed();
      bed.answers.push(why);
      bed.begin(decodedRequest(POST, GRPC), true);
      expect(bed.client.text).toMatch(new RegExp(`^HTTP/1.1 200 [^]*grpc-status: ${status}\r\n`));
      expect(counted(bed)).toMatchObject({ codes: [0, 0, 0, 0, 0, 1] });
    }
  });

  test("that its endpoint has gone, also when its answer has begun", () => {
    const { bed } = call();
    bed.user?.onUpstreamClosed(undefined);
    expect(bed.client.text).toContain("grpc-status: 14\r\n");
    const { bed: begun } = call();
    begun.user?.onUpstreamHead(HEAD, false);
    begun.user?.onUpstreamClosed(undefined);
    expect(begun.client.finished.join()).toMatch(/^grpc-status: 14\r\n/);
    expect(begun.client.done).not.toContain("half");
    expect(begun.pool).toEqual(["acquire", "bad", "discard"]);
  });

  test("that its time is up, for which no endpoint is to blame", () => {
    const { bed } = call({}, "grpc-timeout: 2S");
    bed.after(1_000);
    expect(bed.client.text).toBe("");
    bed.after(3_000);
    expect(bed.client.text).toContain("grpc-status: 4\r\n");
    expect(bed.pool).toEqual(["acquire", "discard"]);
    const { bed: begun } = call({}, "grpc-timeout: 2S");
    begun.user?.onUpstreamHead(HEAD, false);
    begun.after(3_000);
    expect(begun.client.finished.join()).toMatch(/^grpc-status: 4\r\n/);
    expect(begun.pool).toEqual(["acquire", "discard"]);
    expect(counted(begun)).toMatchObject({ outcomes: [0, 0, 0, 1, 0, 0] });
  });

  test("that it is to go elsewhere", () => {
    const { bed } = call();
    bed.user?.onUpstreamHead(HEAD, false);
    bed.cut();
    expect(bed.client.finished.join()).toMatch(/^grpc-status: 14\r\n/);
    expect([bed.client.done.includes("cut"), bed.ended.length]).toEqual([false, 1]);
  });

  test.each([
    ["cut", (bed: ExchangeBed) => bed.cut()],
    ["cut", (bed: ExchangeBed) => bed.after(6_000)],
    ["half", (bed: ExchangeBed) => bed.user?.onUpstreamClosed(undefined)],
  ] as const)("nothing but a reset (%s) inside a message", (reason, end) => {
    const { bed } = call({}, "grpc-timeout: 5S");
    bed.user?.onUpstreamHead(HEAD, false);
    bed.client.isInside = true;
    end(bed);
    expect([bed.client.finished, bed.client.done.at(-1)]).toEqual([[], reason]);
  });

  test("nothing of a silence that is none for a stream", () => {
    const { bed } = call();
    bed.user?.onUpstreamHead(HEAD, false);
    bed.after(10 * 60_000);
    expect(bed.ended).toEqual([]);
  });

  test("what is wrong with it", () => {
    const bed = new ExchangeBed({ methods: ["GET"] });
    bed.begin(decodedRequest(POST, GRPC), false);
    expect(bed.client.text).toContain("grpc-status: 12\r\n");
  });
});

test("A request of another kind hears of errors as HTTP has them", () => {
  const bed = new ExchangeBed();
  bed.answers.push("unavailable");
  bed.begin(decodedRequest(POST, "content-type: application/grpc-web"), true);
  expect(bed.client.text).toMatch(/^HTTP\/1.1 503 /);
});

test("A call in HTTP/1.1 is refused, with the status for its version", () => {
  const bed = new ExchangeBed();
  bed.request(
    "POST / HTTP/1.1\r\nHost: web\r\nContent-Type: application/grpc\r\nContent-Length: 0\r\n\r\n",
  );
  expect(bed.client.text).toMatch(/^HTTP\/1.1 505 [^]*grpc-needs-http2/);
});
