import { expect, onTestFinished, test } from "vitest";
import { CheckedService } from "../../../control/discovery/checked-service.ts";
import type { CheckPlan } from "../../../control/discovery/checked-service.ts";
import type { HealthQuestion } from "../../../control/config/service.ts";
import type { ProbeResult, ProbeTarget } from "../../../control/discovery/probe-target.ts";
import { ManualClock } from "../../support/manual-clock.ts";

const PLAN: CheckPlan = {
  check: { question: questionAt("/health"), intervalMs: 1_000, timeoutMs: 700, rise: 1, fall: 1 },
  host: "web.internal",
};

function questionAt(path: string): HealthQuestion {
  return { kind: "http", path };
}

const DOWN: ProbeResult = { succeeded: false, reason: "answered 500" };
const UP: ProbeResult = { succeeded: true, reason: "answered 200" };

type Bed = {
  readonly service: CheckedService;
  readonly clock: ManualClock;
  /** What was asked, in order. */
  readonly asked: ProbeTarget[];
  readonly turns: string[];
  /** What every probe gets; a test may set another. */
  answer: () => Promise<ProbeResult>;
};

/** Checks by a clock that the test turns, which begin half an interval from now. */
function bed(): Bed {
  const clock = new ManualClock();
  const asked: ProbeTarget[] = [];
  const turns: string[] = [];
  const service = new CheckedService(PLAN, {
    clock,
    random: { next: () => 0.5 },
    probe: (target) => {
      asked.push(target);
      return made.answer();
    },
    onTurn: (address, { reason }) => void turns.push(`${address} ${reason}`),
  });
  const made: Bed = { service, clock, asked, turns, answer: async () => UP };
  onTestFinished(() => service.close());
  return made;
}

test("CheckedService asks each address as its plan says, once every interval", async () => {
  const { service, clock, asked } = bed();
  service.follow(PLAN, new Set(["a:1", "b:1"]));
  await clock.advance(500);
  const rest = { host: "web.internal", question: questionAt("/health"), timeoutMs: 700 };
  expect(asked).toEqual([
    { address: "a:1", ...rest },
    { address: "b:1", ...rest },
  ]);
  await clock.advance(3_000);
  expect(asked).toHaveLength(8);
});

test("CheckedService tells of turns only, each once", async () => {
  const made = bed();
  made.service.follow(PLAN, new Set(["a:1"]));
  made.answer = async () => DOWN;
  await made.clock.advance(2_500);
  expect(made.turns).toEqual(["a:1 answered 500"]);
  expect(made.service.failureOf("a:1")).toBe("answered 500");
  made.answer = async () => UP;
  await made.clock.advance(2_000);
  expect(made.turns).toEqual(["a:1 answered 500", "a:1 answered 200"]);
  expect(made.service.failureOf("a:1")).toBeUndefined();
});

test("CheckedService takes an address that it does not probe for healthy", async () => {
  const made = bed();
  made.answer = async () => DOWN;
  made.service.follow(PLAN, new Set(["a:1"]));
  await made.clock.advance(500);
  expect(["a:1", "b:1"].map((each) => made.service.failureOf(each))).toEqual([
    "answered 500",
    undefined,
  ]);
  made.service.follow(PLAN, new Set());
  expect(made.service.failureOf("a:1")).toBeUndefined();
});

test("CheckedService begins anew with another plan, and keeps what it knows", async () => {
  const made = bed();
  made.answer = async () => DOWN;
  made.service.follow(PLAN, new Set(["a:1"]));
  await made.clock.advance(500);
  const other = { ...PLAN, check: { ...PLAN.check, question: questionAt("/ready") } };
  made.service.follow(other, new Set(["a:1"]));
  expect(made.service.failureOf("a:1")).toBe("answered 500");
  await made.clock.advance(5_000);
  expect(made.asked.map(({ question }) => question)).toEqual([
    questionAt("/health"),
    ...Array<HealthQuestion>(5).fill(questionAt("/ready")),
  ]);
});

test("CheckedService.follow() with an equal plan disturbs no probe", async () => {
  const { service, clock, asked } = bed();
  service.follow(PLAN, new Set(["a:1"]));
  await clock.advance(400);
  service.follow(structuredClone(PLAN), new Set(["a:1", "b:1"]));
  await clock.advance(100);
  expect(asked.map(({ address }) => address)).toEqual(["a:1"]);
});

test("CheckedService counts no answer that comes after its address has gone", async () => {
  const made = bed();
  const late = Promise.withResolvers<ProbeResult>();
  made.answer = () => late.promise;
  made.service.follow(PLAN, new Set(["a:1"]));
  await made.clock.advance(500);
  made.service.follow(PLAN, new Set());
  late.resolve(DOWN);
  await made.clock.advance(5_000);
  expect([made.turns, made.asked.length]).toEqual([[], 1]);
});

test("CheckedService.close() waits for the probe that is under way", async () => {
  const made = bed();
  const last = Promise.withResolvers<ProbeResult>();
  made.answer = () => last.promise;
  made.service.follow(PLAN, new Set(["a:1"]));
  await made.clock.advance(500);
  let closed = false;
  const closing = made.service.close().then(() => (closed = true));
  await made.clock.advance(0);
  expect(closed).toBe(false);
  last.resolve(UP);
  await closing;
  await made.clock.advance(5_000);
  expect(made.asked).toHaveLength(1);
});
