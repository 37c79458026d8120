import { expect, test } from "vitest";
import { rolloutScreen } from "../../../control/cli/rollout-screen.ts";
import { plain } from "../../../control/cli/terminal.ts";
import { rolloutView } from "../../../control/rollout/rollout-view.ts";
import { rolloutOf } from "../rollout/specs.ts";

const ROLLOUT = rolloutOf();

function seen(rule: string, text: string) {
  const live = { why: { rule, text }, verdict: undefined, seen: 1, of: 1 };
  return { rollout: rolloutView(ROLLOUT, live), forecast: undefined, versions: [] };
}

/** What is written of these looks. */
function written(isTerminal: boolean, json: boolean): { isLive: boolean; texts: string[] } {
  const texts: string[] = [];
  const out = (text: string): void => void texts.push(text);
  const terminal = {
    write: out,
    size: { columns: 40, rows: 24 },
    style: plain,
    onResize: () => () => undefined,
    onKeys: undefined,
  };
  const output = { out, error: out, terminal: isTerminal ? terminal : undefined };
  const { isLive, show } = rolloutScreen(output, json);
  for (const [rule, text] of [
    ["time", "9 s left"],
    ["time", "8 s left"],
    ["time", "8 s left"],
    ["gate", "\u001b[2J"],
  ] as const) {
    show(seen(rule, text));
  }
  return { isLive, texts };
}

test("rolloutScreen() writes a line for each change to a pipe, and each look as JSON", () => {
  expect(written(false, false)).toEqual({
    isLive: false,
    texts: [
      "progressing at 0 % · time: 9 s left",
      expect.stringMatching(/^progressing at 0 % · gate: /),
    ],
  });
  const { texts } = written(true, true);
  expect(texts.map((text) => (JSON.parse(text) as { now: object }).now)).toEqual([
    { rule: "time", text: "9 s left" },
    { rule: "time", text: "8 s left" },
    { rule: "gate", text: "\u001b[2J" },
  ]);
});

test("rolloutScreen() draws on a terminal again in place, and lets nobody else command it", () => {
  const { isLive, texts } = written(true, false);
  expect([isLive, texts.length]).toEqual([true, 4]);
  expect(texts[1]?.startsWith("\u001b[")).toBe(true);
  expect(texts[3]).not.toContain("\u001b[2J");
  expect(texts[0]?.split("\n").every((line) => line.length <= 40)).toBe(true);
});
