import { expect, test } from "vitest";
import { jsonScreen, lineScreen, liveScreen } from "../../../../control/cli/demo/screen.ts";
import type { Screen } from "../../../../control/cli/demo/screen.ts";
import { Tally } from "../../../../control/cli/demo/tally.ts";
import { FakeTerminal } from "../../../support/fake-terminal.ts";

/** Plays a demo of one step that is shown twice. */
function play(screen: Screen): void {
  const tally = new Tally(0);
  tally.answered("v1", 2);
  screen.say("shop at http://127.0.0.1:1/");
  screen.progress([tally]);
  screen.progress([tally]);
  screen.finished(tally);
}

/** The lines that a screen writes in such a demo, up to its end. */
function written(screenOf: (output: { out: (line: string) => void }) => Screen): readonly string[] {
  const lines: string[] = [];
  const screen = screenOf({ out: (line) => lines.push(line) });
  play(screen);
  screen.close();
  return lines;
}

test("liveScreen() draws in place, and leaves what came of it on the terminal", () => {
  const terminal = new FakeTerminal();
  const screen = liveScreen(terminal, { out: (line) => terminal.write(`${line}\r\n`) });
  play(screen);
  const shown = terminal.lines.filter((line) => line !== "");
  expect(shown[0]).toMatch(/^sluice demo/);
  expect(shown.filter((line) => line.startsWith("STEP"))).toHaveLength(1);
  expect(terminal.lines.join("\n")).toContain("shop at http://127.0.0.1:1/");
  screen.close();
  expect(terminal.lines[0]).toMatch(/^STEP/);
  expect(terminal.lines.join("\n")).toContain("1 requests in 1 step, 0 errors");
});

test("liveScreen() says nothing of a demo that had no step", () => {
  const terminal = new FakeTerminal();
  const screen = liveScreen(terminal, { out: terminal.write });
  screen.say("shop at …");
  screen.close();
  expect(terminal.lines.join("")).toBe("");
});

test("lineScreen() says a line for each step that is over, and what came of all", () => {
  const [place, step, verdict] = written(lineScreen);
  expect(place).toBe("shop at http://127.0.0.1:1/");
  expect(step).toMatch(/^v2 at 0 %: 0 of 1 answers .* - ok$/);
  expect(verdict).toBe("1 requests in 1 step, 0 errors: every share was as expected.");
});

test("jsonScreen() writes nothing but an object for each step that is over", () => {
  const lines = written(jsonScreen).map((line) => JSON.parse(line) as object);
  expect(lines).toMatchObject([{ share: 0, answers: { v1: 1, v2: 0 }, errors: 0 }]);
});
