import { expect, test } from "vitest";
import { Deadlines } from "../../../proxy/exchange/deadlines.ts";
import { serviceSnapshot } from "../table/service-fixture.ts";

const { policy } = serviceSnapshot({ v1: 1 });

function begun(timeoutMs: number, stallTimeoutMs: number, responseTimeoutMs = 0): Deadlines {
  const deadlines = new Deadlines();
  deadlines.begin({ ...policy, timeoutMs, stallTimeoutMs, responseTimeoutMs }, 1_000);
  return deadlines;
}

test("Deadlines expire `timeoutMs` after the beginning, and not a moment sooner", () => {
  const deadlines = begun(500, 0);
  expect(deadlines.nextMs()).toBe(1_500);
  expect([deadlines.passed(1_499), deadlines.passed(1_500)]).toEqual([undefined, "expired"]);
});

test("Deadlines of 0 are none", () => {
  const deadlines = begun(0, 0);
  deadlines.moved(1_000);
  expect(deadlines.nextMs()).toBe(Infinity);
  deadlines.asked(1_000);
  expect(deadlines.nextMs()).toBe(Infinity);
  expect(deadlines.passed(1e12)).toBe(undefined);
});

test("Deadlines stall only while a body is under way, since it last moved", () => {
  const deadlines = begun(0, 200);
  expect(deadlines.passed(5_000)).toBe(undefined);
  expect(deadlines.moved(5_000)).toBe(true);
  expect(deadlines.moved(5_100)).toBe(false);
  expect([deadlines.passed(5_299), deadlines.passed(5_300)]).toEqual([undefined, "stalled"]);
  deadlines.asked(5_200);
  expect(deadlines.passed(9_000)).toBe(undefined);
});

test("Deadlines want an answer once all of the request is sent, as long as none has begun", () => {
  const deadlines = begun(0, 0, 300);
  deadlines.moved(2_000);
  expect(deadlines.nextMs()).toBe(Infinity);
  expect([deadlines.asked(5_000), deadlines.asked(5_100)]).toEqual([true, false]);
  expect(deadlines.nextMs()).toBe(5_400);
  expect([deadlines.passed(5_399), deadlines.passed(5_400)]).toEqual([undefined, "unanswered"]);
  deadlines.moved(5_399);
  expect(deadlines.passed(9_000)).toBe(undefined);
});

test("Deadlines.again() lets whatever is tried next say that it has begun", () => {
  const deadlines = begun(9_000, 200, 300);
  deadlines.asked(5_000);
  deadlines.again();
  expect(deadlines.nextMs()).toBe(10_000);
  expect([deadlines.asked(5_300), deadlines.nextMs()]).toEqual([true, 5_600]);
  deadlines.again();
  expect([deadlines.moved(5_600), deadlines.nextMs()]).toEqual([true, 5_800]);
});

test("Deadlines say which comes first, and the whole exchange's wins", () => {
  const deadlines = begun(1_000, 200);
  deadlines.moved(1_900);
  expect(deadlines.nextMs()).toBe(2_000);
  expect(deadlines.passed(2_200)).toBe("expired");
});

test("Deadlines.clear() leaves nothing of the exchange before", () => {
  const deadlines = begun(500, 200, 300);
  deadlines.asked(1_000);
  deadlines.clear();
  expect(deadlines.nextMs()).toBe(Infinity);
  expect(deadlines.asked(1_000)).toBe(true);
  expect(deadlines.nextMs()).toBe(Infinity);
});

test("Deadlines give a client that half-closed its grace, unless the answer begins", () => {
  const deadlines = begun(0, 0);
  deadlines.asked(2_000);
  deadlines.halfClosed(2_000, 1_000);
  expect(deadlines.nextMs()).toBe(3_000);
  expect([deadlines.passed(2_999), deadlines.passed(3_000)]).toEqual([undefined, "left"]);
  deadlines.moved(2_500);
  expect(deadlines.passed(9_000)).toBe(undefined);
  deadlines.halfClosed(2_000, 0);
  expect(deadlines.nextMs()).toBe(Infinity);
});
