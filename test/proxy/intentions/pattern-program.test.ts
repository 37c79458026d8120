import { expect, test } from "vitest";
import { compilePattern } from "../../../proxy/intentions/pattern-program.ts";
import { parsePattern } from "../../../proxy/intentions/pattern-syntax.ts";

/** How many steps a pattern takes. undefined: too many. */
function stepsOf(pattern: string): number | undefined {
  return compilePattern(parsePattern(pattern))?.steps.length;
}

test.each([
  ["", 1],
  ["abc", 4],
  ["a|b|c", 6],
  ["^a$", 4],
  ["a*", 3],
  ["a+", 4],
  ["a?", 3],
  ["a{3}", 4],
  ["a{1,3}", 6],
  ["a{2,}", 5],
  ["(ab){0}", 1],
])("compilePattern() needs for %j %i steps", (pattern, steps) => {
  expect(stepsOf(pattern)).toBe(steps);
});

test("compilePattern() never writes more than 2000 steps, however much is asked for", () => {
  expect(stepsOf("a{1000}b{999}")).toBe(2_000);
  expect(stepsOf("a{1000}b{1000}")).toBeUndefined();
  expect(stepsOf("((((a{1000}){1000}){1000}){1000}){1000}")).toBeUndefined();
});

test("compilePattern() leads each step to one that there is", () => {
  const program = compilePattern(parsePattern("(a|b*){2,4}$"));
  const { steps = [], first = -1 } = program ?? {};
  const places = steps.flatMap((step) => {
    if (step.kind === "match") return [];
    return step.kind === "fork" ? [step.next, step.other] : [step.next];
  });
  expect([first, ...places].every((place) => steps[place] !== undefined)).toBe(true);
  expect(steps.filter(({ kind }) => kind === "match")).toHaveLength(1);
});
