import stringWidth from "string-width";
import { expect, test } from "vitest";
import { closingLines, demoFrame, stepLines } from "../../../../control/cli/demo/demo-frame.ts";
import { Tally } from "../../../../control/cli/demo/tally.ts";
import { plain } from "../../../../control/cli/terminal.ts";
import { lookAt, lookedService } from "../top/look-fixture.ts";

/** A step of v2 at 10 % with a hundred answers. */
function step(sidecar?: string): Tally {
  const tally = new Tally(0.1, sidecar);
  for (let each = 0; each < 90; each += 1) tally.answered("v1", 2);
  for (let each = 0; each < 10; each += 1) tally.answered("v2", 8);
  return tally;
}

const places = ["shop  http://127.0.0.1:1/", "API   http://127.0.0.1:2/", "v1    …"];
const look = lookAt({ services: [lookedService("shop")] });
const tallies = [step(), step(), step(), new Tally(0.5)];

test("stepLines() fits 80 columns, with a row also for a step that nobody has answered", () => {
  expect(stepLines([step(), new Tally(0.5, "a")], 80)).toEqual([
    "STEP       V2 GOT  V2 ANSWERS  EXPECTED  REQUESTS  ERRORS  v1 P99  v2 P99",
    "10 %         10 %          10   6 to 14       100       0  2.0 ms  8.2 ms",
    "50 % in a     0 %           0         0         0       0       -       -",
  ]);
});

test("demoFrame() shows places, steps, what the sidecar says, and a legend in 80 × 24", () => {
  const lines = demoFrame({ places, tallies, look }, { columns: 80, rows: 24 }, plain);
  const text = lines.join("\n");
  for (const part of [...places, "STEP ", "SERVICE ", "V2 GOT is its"]) {
    expect(text).toContain(part);
  }
  expect(lines.length).toBeLessThanOrEqual(24);
});

test.each([
  [80, 24],
  [120, 40],
  [60, 12],
  [10, 4],
])("demoFrame() is never larger than %i × %i, and keeps the steps", (columns, rows) => {
  const lines = demoFrame({ places, tallies, look }, { columns, rows }, plain);
  expect(lines.length).toBeLessThanOrEqual(rows);
  for (const line of lines) expect(stringWidth(line)).toBeLessThanOrEqual(columns);
  if (columns > 20) expect(lines.join("\n")).toContain("STEP");
});

test("closingLines() say what came of it and what to do next, if anything did", () => {
  expect(closingLines([])).toEqual([]);
  const [verdict, , next] = closingLines([step(), step()]);
  expect([verdict, next]).toEqual([
    "200 requests in 2 steps, 0 errors: every share was as expected.",
    "Next:",
  ]);
  const failed = new Tally(0);
  failed.failed("status 503");
  expect(closingLines([failed])[0]).toMatch(/1 errors: not every share was as expected/);
});
