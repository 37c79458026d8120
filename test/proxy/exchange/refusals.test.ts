import { expect, test } from "vitest";
import { jsonLog } from "../../../proxy/base/log.ts";
import { Refusals } from "../../../proxy/exchange/refusals.ts";
import { REFUSALS } from "../../../proxy/http1/refusal.ts";
import { RejectCounters } from "../../../proxy/metrics/reject-counters.ts";

/** Its log's lines without their time, and its counters. */
function bed(): {
  readonly refusals: Refusals;
  readonly clock: { nowMs: number };
  readonly lines: unknown[];
  readonly counters: RejectCounters;
} {
  const clock = { nowMs: 0 };
  const lines: unknown[] = [];
  const keep = (line: string): void => {
    const { time: _time, ...rest } = JSON.parse(line) as Record<string, unknown>;
    lines.push(rest);
  };
  const counters = new RejectCounters();
  const refusals = new Refusals(
    clock,
    jsonLog(keep, () => 0),
    counters,
  );
  return { refusals, clock, lines, counters };
}

test("Refusals says why, and the key that would let the message pass", () => {
  const { refusals, lines } = bed();
  refusals.request(REFUSALS["raw-utf8-target"], "web", "10.0.0.1");
  refusals.request(REFUSALS["method-not-listed"], "web", "10.0.0.1");
  refusals.request(REFUSALS["host-missing"], undefined, "10.0.0.1");
  refusals.response(REFUSALS["chunk-size-padding"], "web", "v1");
  const level = "warn";
  const request = { level, event: "request.refused", client: "10.0.0.1", times: 1 };
  expect(lines).toEqual([
    { ...request, service: "web", reason: "raw-utf8-target", key: "tolerate: [raw-utf8-target]" },
    { ...request, service: "web", reason: "method-not-listed", key: "methods" },
    { ...request, reason: "host-missing" },
    {
      level,
      event: "response.refused",
      service: "web",
      version: "v1",
      reason: "chunk-size-padding",
      key: "tolerate: [chunk-size-padding]",
      times: 1,
    },
  ]);
});

test("Refusals counts all, and says each reason once a second with how often it was", () => {
  const { refusals, clock, lines, counters } = bed();
  const refuse = (): void => refusals.request(REFUSALS["host-twice"], undefined, "10.0.0.1");
  for (let count = 0; count < 5; count += 1) refuse();
  clock.nowMs = 1_000;
  refuse();
  expect(lines.map((line) => (line as { times: number }).times)).toEqual([1, 5]);
  expect(counters.toRecord()).toEqual({ "host-twice": 6 });
});

test("Refusals says whose requests intentions do not allow", () => {
  const { refusals, lines, counters } = bed();
  refusals.denied("web", "api");
  refusals.denied("web", "batch");
  const about = { level: "warn", event: "request.denied", reason: "intention-denied" };
  expect(lines).toEqual([{ ...about, service: "web", source: "api", times: 1 }]);
  expect(counters.toRecord()).toEqual({ "intention-denied": 2 });
});

test("Refusals counts rules of HTTP/2 that endpoints break, and says whose they are", () => {
  const { refusals, lines, counters } = bed();
  refusals.speech("h2-frame-size", "10.0.0.5:50051");
  const about = { level: "warn", event: "response.refused", reason: "h2-frame-size" };
  expect(lines).toEqual([{ ...about, endpoint: "10.0.0.5:50051", times: 1 }]);
  expect(counters.toRecord()).toEqual({ "h2-frame-size": 1 });
});
