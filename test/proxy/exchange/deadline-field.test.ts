import { expect, test } from "vitest";
import { withinDeadline } from "../../../proxy/exchange/deadline-field.ts";
import { serviceSnapshot } from "../table/service-fixture.ts";
import { ExchangeBed, FakeStream, requestHead } from "./exchange-fixture.ts";

const POLICY = { ...serviceSnapshot({ v1: 1 }).policy, deadlineField: "x-timeout-ms" };

function timeoutOf(timeoutMs: number, told?: string): number {
  const field = told === undefined ? "" : `X-Timeout-Ms: ${told}\r\n`;
  const head = requestHead(`GET / HTTP/1.1\r\nHost: web\r\n${field}\r\n`);
  return withinDeadline({ ...POLICY, timeoutMs }, head).timeoutMs;
}

test.each([
  [500, undefined, 500],
  [500, "200", 200],
  [500, "900", 500],
  [0, "900", 900],
  [0, "0", 1],
  [500, "soon", 500],
  [500, "-5", 500],
  [500, "1e3", 500],
  [500, "9999999999", 500],
])("withinDeadline() of %s ms, where the caller says %s, is %s", (own, told, wanted) => {
  expect(timeoutOf(own, told)).toBe(wanted);
});

test("An endpoint is told how long there is left, and nothing where nobody waits", () => {
  const told = (timeoutMs: number, field: string): string | undefined => {
    const bed = new ExchangeBed({ policy: { ...POLICY, timeoutMs } });
    const upstream = new FakeStream();
    bed.answers.push(bed.upstream(upstream));
    bed.request(`GET / HTTP/1.1\r\nHost: web\r\n${field}\r\n`);
    return /^x-timeout-ms: (.*)$/im.exec(upstream.text)?.[1]?.trim();
  };
  const left = Number(told(60_000, "X-Timeout-Ms: 90000\r\n"));
  expect(left).toBeLessThanOrEqual(60_000);
  expect(left).toBeGreaterThan(30_000);
  expect(Number(told(0, "X-Timeout-Ms: 20000\r\n"))).toBeLessThanOrEqual(20_000);
  expect(told(0, "")).toBeUndefined();
});
