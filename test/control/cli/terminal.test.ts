import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { terminalOf } from "../../../control/cli/terminal.ts";
import type { TerminalParts } from "../../../control/cli/terminal.ts";

/** Streams that say that they are terminals. */
function parts(env: NodeJS.ProcessEnv = { TERM: "xterm" }): TerminalParts {
  const out = Object.assign(new PassThrough(), { isTTY: true, columns: 100, rows: 30 });
  const modes: boolean[] = [];
  const setRawMode = (isRaw: boolean): void => void modes.push(isRaw);
  const input = Object.assign(new PassThrough(), { isTTY: true, setRawMode, modes });
  return { out, input, env, write: (text) => void out.write(text) };
}

test("terminalOf() finds none in a pipe, and none that can only go on", () => {
  const pipe = new PassThrough();
  expect(terminalOf({ ...parts(), out: pipe })).toBeUndefined();
  expect(terminalOf(parts({ TERM: "dumb" }))).toBeUndefined();
});

test("terminalOf() knows the size as it is now", () => {
  const of = parts();
  const terminal = terminalOf(of);
  expect(terminal?.size).toEqual({ columns: 100, rows: 30 });
  let changes = 0;
  const stop = terminal?.onResize(() => (changes += 1));
  Object.assign(of.out, { columns: 60, rows: 10 }).emit("resize");
  expect([terminal?.size, changes]).toEqual([{ columns: 60, rows: 10 }, 1]);
  stop?.();
  of.out.emit("resize");
  expect(changes).toBe(1);
  Object.assign(of.out, { columns: 0, rows: 0 });
  expect(terminal?.size).toEqual({ columns: 80, rows: 24 });
});

test("terminalOf() hears keys as they are typed, and gives the keyboard back", () => {
  const of = parts();
  const heard: string[] = [];
  const stop = terminalOf(of)?.onKeys?.((typed) => heard.push(typed));
  of.input.emit("data", Buffer.from("s"));
  stop?.();
  of.input.emit("data", Buffer.from("t"));
  expect(heard).toEqual(["s"]);
  expect((of.input as unknown as { modes: boolean[] }).modes).toEqual([true, false]);
  expect(of.input.isPaused()).toBe(true);
});

test("terminalOf() hears nobody where input is no terminal", () => {
  expect(terminalOf({ ...parts(), input: new PassThrough() })?.onKeys).toBeUndefined();
});
