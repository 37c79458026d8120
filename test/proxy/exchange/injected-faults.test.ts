import { expect, test } from "vitest";
import { seededRandom } from "../../../proxy/base/random.ts";
import { injectedAbort, injectedDelayMs } from "../../../proxy/exchange/injected-faults.ts";
import { compileActions } from "../../../proxy/table/compiled-actions.ts";
import type { CompiledActions } from "../../../proxy/table/compiled-actions.ts";
import type { FaultPolicy } from "../../../proxy/table/route-actions.ts";
import { route } from "../table/service-fixture.ts";
import { ExchangeBed, FakeStream } from "./exchange-fixture.ts";

const NONE: FaultPolicy = { delay: undefined, abort: undefined };

function actions(faults: Partial<FaultPolicy>): CompiledActions {
  const compiled = compileActions({ ...route({}), actions: { faults: { ...NONE, ...faults } } });
  if (compiled === undefined) throw new Error("A route with faults has actions");
  return compiled;
}

test("injectedAbort() and injectedDelayMs() happen as often as they should", () => {
  const random = seededRandom(7);
  const faults = actions({
    delay: { percent: 20, forMs: 50 },
    abort: { percent: 0.5, status: 502 },
  });
  const runs = Array.from({ length: 20_000 });
  const aborts = runs.filter(() => injectedAbort(faults, random)?.answer.status === 502).length;
  const delays = runs.filter(() => injectedDelayMs(faults, random) === 50).length;
  // Six standard deviations of a binomial.
  expect(Math.abs(aborts - 100)).toBeLessThan(60);
  expect(Math.abs(delays - 4_000)).toBeLessThan(340);
});

test("injectedAbort() and injectedDelayMs() never happen at 0, and always at 100", () => {
  const low = { next: () => 0 };
  const high = { next: () => 0.999_999 };
  const never = actions({ delay: { percent: 0, forMs: 5 }, abort: { percent: 0, status: 500 } });
  const always = actions({
    delay: { percent: 100, forMs: 5 },
    abort: { percent: 100, status: 500 },
  });
  expect([injectedAbort(never, low), injectedDelayMs(never, low)]).toEqual([undefined, 0]);
  expect(injectedAbort(always, high)?.answer.status).toBe(500);
  expect(injectedDelayMs(always, high)).toBe(5);
});

test("A request that is aborted reaches no endpoint, and counts in no version", () => {
  const faults = { ...NONE, abort: { percent: 100, status: 418 } };
  const bed = new ExchangeBed({ routes: [{ ...route({}), actions: { faults } }] });
  bed.request("GET /a HTTP/1.1\r\nHost: web\r\n\r\n");
  expect(bed.client.text).toMatch(/^HTTP\/1.1 418 /);
  expect([bed.pool, bed.live.pools[0]?.counters.touched]).toEqual([[], false]);
  expect(bed.policyCounts.stats()[0]?.counts).toEqual({ "fault:abort": 1 });
});

test("A request that is delayed goes on later, with all that came of it meanwhile", async () => {
  const faults = { ...NONE, delay: { percent: 100, forMs: 1 } };
  const bed = new ExchangeBed({ routes: [{ ...route({}), actions: { faults } }] });
  const upstream = new FakeStream();
  bed.answers.push(bed.upstream(upstream));
  bed.request("POST /a HTTP/1.1\r\nHost: web\r\nContent-Length: 4\r\n\r\nab");
  expect([bed.pool, bed.live.inFlight]).toEqual([[], 1]);
  await expect.poll(() => bed.pool, { timeout: 10_000 }).toEqual(["acquire"]);
  bed.more("cd");
  expect(upstream.text.endsWith("\r\n\r\nabcd")).toBe(true);
  expect(bed.policyCounts.stats()[0]?.counts).toEqual({ "fault:delay": 1 });
});

test("A request whose client leaves while it is delayed goes nowhere", async () => {
  const faults = { ...NONE, delay: { percent: 100, forMs: 1 } };
  const bed = new ExchangeBed({ routes: [{ ...route({}), actions: { faults } }] });
  bed.request("GET /a HTTP/1.1\r\nHost: web\r\n\r\n");
  bed.leave();
  const other = new ExchangeBed({ routes: [{ ...route({}), actions: { faults } }] });
  other.request("GET /a HTTP/1.1\r\nHost: web\r\n\r\n");
  await expect.poll(() => other.pool, { timeout: 10_000 }).toEqual(["acquire"]);
  expect([bed.pool, bed.live.inFlight, bed.ended.length]).toEqual([[], 0, 1]);
});
