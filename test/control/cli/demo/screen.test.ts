import { expect, test } from "vitest";
import { jsonScreen, lineScreen, liveScreen } from "../../../../control/cli/demo/screen.ts";
import type { Screen } from "../../../../control/cli/demo/screen.ts";
import { Tally } from "../../../../control/cli/demo/tally.ts";
import type { Output } from "../../../../control/cli/output.ts";

/** What a screen writes in a demo of one step that is shown twice and then ends. */
function written(screenOf: (output: Output) => Screen): readonly string[] {
  const lines: string[] = [];
  const note = (line: string): void => void lines.push(line);
  const screen = screenOf({ out: note, error: note });
  const tally = new Tally(0);
  tally.answered("v1", 2);
  screen.say("shop at http://127.0.0.1:1/");
  screen.progress([tally]);
  screen.progress([tally]);
  screen.finished(tally);
  return lines;
}

test("liveScreen() draws the board over itself", () => {
  const lines = written(({ out }) => liveScreen(out));
  expect(lines).toEqual([
    "shop at http://127.0.0.1:1/\n",
    expect.stringMatching(/^STEP /),
    expect.stringContaining("\u001B[2F\u001B[JSTEP "),
  ]);
});

test("lineScreen() says a line for each step that is over", () => {
  expect(written(lineScreen)).toEqual([
    "shop at http://127.0.0.1:1/",
    expect.stringMatching(/^v2 at 0 %: 0 of 1 answers .* - ok$/),
  ]);
});

test("jsonScreen() writes nothing but an object for each step that is over", () => {
  const lines = written(jsonScreen).map((line) => JSON.parse(line) as object);
  expect(lines).toMatchObject([{ share: 0, answers: { v1: 1, v2: 0 }, errors: 0 }]);
});
