import { describe, expect, test } from "vitest";
import { BUDGET } from "../../bench/budget.ts";
import type { BudgetRow, Measure } from "../../bench/budget.ts";
import { CONTENDERS } from "../../bench/contenders/table.ts";
import { judge } from "../../bench/judge.ts";
import type { Verdict } from "../../bench/judge.ts";
import { SCENARIOS } from "../../bench/scenarios.ts";
import { aRun, latenciesAt, loadsAt } from "./a-run.ts";

function row(measure: Measure, must?: number, aim?: number): BudgetRow {
  const bounds = { ...(must === undefined ? {} : { must }), ...(aim === undefined ? {} : { aim }) };
  return { what: "a row", measure, unit: "×", ...bounds };
}

const AGAINST_NGINX = { kind: "cpuRatio", scenario: "small", against: "nginx" } as const;

describe("judge()", () => {
  test.each<[number, Verdict]>([
    [9, "aim"],
    [9.5, "aim"],
    [10, "must"],
    [11, "must"],
    [11.1, "missed"],
  ])("a cost of %d µs against 10 µs, must 1.1 and aim 0.95: %s", (costUs, verdict) => {
    const loads = [...loadsAt("sluice", [costUs]), ...loadsAt("nginx", [10])];
    expect(judge([row(AGAINST_NGINX, 1.1, 0.95)], aRun({ loads }))[0]?.verdict).toBe(verdict);
  });

  test("shows what nothing was promised of", () => {
    const loads = [...loadsAt("sluice", [100]), ...loadsAt("nginx", [10])];
    const [judged] = judge([row(AGAINST_NGINX)], aRun({ loads }));
    expect([judged?.verdict, judged?.found?.median]).toEqual(["shown", 10]);
  });

  test("takes the median of the rounds' ratios", () => {
    const loads = [...loadsAt("sluice", [10, 30, 10]), ...loadsAt("nginx", [10, 10, 20])];
    const [judged] = judge([row(AGAINST_NGINX, 1.1)], aRun({ loads }));
    expect(judged?.found).toEqual({ median: 1, min: 0.5, max: 3 });
    expect(judged?.verdict).toBe("must");
  });

  test("does not take requests that failed for cheap ones", () => {
    const failed = loadsAt("sluice", [0]).map((load) => ({ ...load, requests: 0, errors: 9_000 }));
    const loads = [...failed, ...loadsAt("nginx", [10])];
    expect(judge([row(AGAINST_NGINX, 1.1)], aRun({ loads }))[0]?.verdict).toBe("absent");
  });

  test("says absent where the rival was not measured", () => {
    const loads = loadsAt("sluice", [10]);
    expect(judge([row(AGAINST_NGINX, 1.1)], aRun({ loads }))[0]?.verdict).toBe("absent");
  });

  test("compares what is added to the latency of no proxy at all", () => {
    const latencies = [
      ...latenciesAt("direct", [100, 100]),
      ...latenciesAt("sluice", [250, 350]),
      ...latenciesAt("nginx", [300]),
    ];
    const measure = { kind: "addedP99Ratio", against: "nginx" } as const;
    const [judged] = judge([row(measure, 1.2)], aRun({ latencies }));
    expect(judged?.found).toEqual({ median: 1, min: 0.75, max: 1.25 });
  });

  test("reads memory of Sluice only, and shifts", () => {
    const sample = {
      round: 1,
      idleBytes: 7,
      perConnectionBytes: 8,
      perUnreadBytes: 9,
      perTlsConnectionBytes: 10,
      perH2cConnectionBytes: 11,
      perH2ConnectionBytes: 12,
    };
    const memory = [
      { contender: "nginx", ...sample, idleBytes: 1 },
      { contender: "sluice", ...sample },
    ];
    const shifts = [{ round: 1, p50Ms: 1, p99Ms: 4 }];
    const kinds = [
      ...(["idleMemory", "connectionMemory", "unreadMemory"] as const),
      ...(["tlsConnectionMemory", "h2cConnectionMemory", "h2ConnectionMemory", "shift"] as const),
    ];
    const rows = kinds.map((kind) => row({ kind }, 100));
    const found = judge(rows, aRun({ memory, shifts })).map((each) => each.found?.median);
    expect(found).toEqual([7, 8, 9, 10, 11, 12, 4]);
  });
});

describe("BUDGET", () => {
  test("names only contenders and scenarios that there are", () => {
    const scenarios = new Set(SCENARIOS.map(({ name }) => name));
    const names = new Set([...scenarios, ...CONTENDERS.map(({ name }) => name)]);
    const measures = BUDGET.map(({ measure }) => measure);
    const against = measures.flatMap((measure) => ("against" in measure ? [measure.against] : []));
    const own = measures.flatMap((measure) => ("scenario" in measure ? [measure.scenario] : []));
    expect(against.filter((name) => !names.has(name))).toEqual([]);
    expect(own.filter((name) => !scenarios.has(name))).toEqual([]);
  });

  test("aims at no more than it must have", () => {
    for (const { aim = 0, must = 0 } of BUDGET) expect(aim).toBeLessThanOrEqual(must);
  });
});
