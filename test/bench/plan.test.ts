import { describe, expect, test } from "vitest";
import { CONTENDERS } from "../../bench/contenders/table.ts";
import { planFor } from "../../bench/plan.ts";
import type { Choice } from "../../bench/plan.ts";
import { HTTP2_SCENARIOS, SCENARIOS } from "../../bench/scenarios.ts";

const NOTHING_SAID: Choice = {
  quick: false,
  scenarios: [],
  contenders: [],
  rounds: undefined,
  seconds: undefined,
};

function scenarioNames(choice: Partial<Choice>): readonly string[] {
  const plan = planFor({ ...NOTHING_SAID, ...choice }, CONTENDERS);
  return plan.scenarios.map(({ scenario }) => scenario.name);
}

describe("planFor()", () => {
  test("measures everything with everyone when nothing is said", () => {
    const plan = planFor(NOTHING_SAID, CONTENDERS);
    const names = new Set(CONTENDERS.map(({ name }) => name));
    expect(plan.scenarios.map(({ scenario }) => scenario)).toEqual(SCENARIOS);
    expect(plan.scenarios.every((each) => names.size === each.with.size)).toBe(true);
    expect(plan.latency.with).toEqual(names);
    expect([...plan.latency.compared].toSorted()).toEqual(["direct", "nginx", "sluice"]);
    const bodies = plan.scenarios.find(({ scenario }) => scenario.name === "answer-1m");
    expect([...(bodies?.compared ?? [])].toSorted()).toEqual(["nginx", "sluice"]);
    expect(plan.memory.has("direct")).toBe(false);
  });

  test("quick: the main scenario with everyone, bodies with whom the budget names", () => {
    const plan = planFor({ ...NOTHING_SAID, quick: true }, CONTENDERS);
    const sizes = plan.scenarios.map(({ scenario, with: names }) => [scenario.name, names.size]);
    expect(sizes).toEqual([
      ["small", CONTENDERS.length],
      ["answer-1m", 2],
      ["upload-1m", 2],
    ]);
    expect([...plan.latency.with].toSorted()).toEqual(["direct", "nginx", "sluice"]);
  });

  test("latency brings the main scenario with it, as its rate is half of what that found", () => {
    expect(scenarioNames({ scenarios: ["latency"] })).toEqual(["small"]);
    expect(scenarioNames({ scenarios: ["memory"] })).toEqual([]);
    expect(scenarioNames({ scenarios: ["websocket"] })).toEqual(["websocket"]);
    expect(scenarioNames({ scenarios: ["http2"] })).toEqual(HTTP2_SCENARIOS);
  });

  test("what is chosen is what takes part", () => {
    const choice = { ...NOTHING_SAID, contenders: ["sluice", "undici"], rounds: 7, seconds: 9 };
    const plan = planFor(choice, CONTENDERS);
    expect(plan.contenders.map(({ name }) => name)).toEqual(["sluice", "undici"]);
    expect([plan.rounds, plan.seconds]).toEqual([7, 9]);
  });
});
