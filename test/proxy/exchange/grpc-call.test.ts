import { describe, expect, test } from "vitest";
import { GrpcCall } from "../../../proxy/exchange/grpc-call.ts";
import { grpcStatusSet } from "../../../proxy/grpc/status.ts";
import { RequestHead } from "../../../proxy/http1/request-head.ts";
import { decodedFields, decodedRequest } from "../http1/decoded-fixture.ts";
import { requestHead } from "./exchange-fixture.ts";

const FAILURES = grpcStatusSet(["UNAVAILABLE", "INTERNAL"]);

const GRPC = "content-type: application/grpc";

/** A request as HTTP/2 has it. */
function headOf(lines: readonly string[], method = "POST"): RequestHead {
  const head = new RequestHead();
  expect(head.fill(decodedRequest({ method }, ...lines), false, "")).toBe(true);
  return head;
}

function callOf(head: RequestHead): GrpcCall {
  const call = new GrpcCall();
  call.begin(head, FAILURES);
  call.start(1_000);
  return call;
}

describe("GrpcCall.begin()", () => {
  test("knows a call by its method, version and type", () => {
    const grpc = ["content-type: application/grpc+proto"];
    expect(callOf(headOf(grpc)).isCall).toBe(true);
    expect(callOf(headOf(grpc, "PUT")).isCall).toBe(false);
    expect(callOf(headOf(["content-type: application/grpc-web"])).isCall).toBe(false);
    expect(callOf(headOf([])).isCall).toBe(false);
  });

  test("refuses a call in HTTP/1.1, which has no place for its end", () => {
    const text = "POST / HTTP/1.1\r\nHost: web\r\nContent-Type: application/grpc\r\n\r\n";
    const call = callOf(requestHead(text));
    expect([call.isCall, call.refusal?.reason]).toEqual([false, "grpc-needs-http2"]);
    expect(callOf(headOf([GRPC])).refusal).toBe(undefined);
  });

  test("takes its deadline out of the head, and says what is left", () => {
    const head = headOf([GRPC, "grpc-timeout: 2S"]);
    const call = callOf(head);
    expect(call.deadlineMs).toBe(3_000);
    expect([1_000, 1_500.5, 9_000].map((nowMs) => call.timeoutLeft(nowMs))).toEqual([
      "2000m",
      "1500m",
      "0m",
    ]);
    expect(callOf(headOf([GRPC])).timeoutLeft(0)).toBe("");
    const wrong = callOf(headOf([GRPC, "grpc-timeout: soon"]));
    expect(wrong.deadlineMs).toBe(Infinity);
  });

  test.each([
    ["2S", 2_899, 2_900],
    ["100m", 1_049, 1_050],
  ])("takes an end shortly before the time of %s is up for its own", (timeout, early, due) => {
    const call = callOf(headOf([GRPC, `grpc-timeout: ${timeout}`]));
    expect([call.isDue(early), call.isDue(due)]).toEqual([false, true]);
    expect(callOf(headOf([GRPC])).isDue(1e9)).toBe(false);
  });
});

describe("GrpcCall", () => {
  test.each([
    ["14", "UNAVAILABLE", true],
    ["13", "INTERNAL", true],
    ["5", "NOT_FOUND", false],
    ["0", "OK", false],
    ["99", undefined, false],
  ])("that ended with %s is %s, and a failure: %s", (value, status, hasFailed) => {
    const call = callOf(headOf([GRPC]));
    call.endedWith(decodedFields("grpc-message: x", `grpc-status: ${value}`));
    expect([call.status, call.hasFailed]).toEqual([status, hasFailed]);
    expect([call.countedAs(200), call.countedAs(404)]).toEqual([hasFailed ? 500 : 200, 404]);
  });

  test("forgets the last one", () => {
    const call = callOf(headOf([GRPC, "grpc-timeout: 2S"]));
    call.ended("14");
    call.begin(headOf([]), FAILURES);
    expect([call.isCall, call.status, call.deadlineMs]).toEqual([false, undefined, Infinity]);
  });
});
