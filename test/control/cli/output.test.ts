import { Readable, Writable } from "node:stream";
import { expect, test } from "vitest";
import { CliError, usageError } from "../../../control/cli/cli-error.ts";
import {
  percentText,
  reportFailure,
  streamOutput,
  tableText,
} from "../../../control/cli/output.ts";

/** What reportFailure() writes, and gives. */
function reported(
  error: unknown,
  json = false,
): { readonly status: number; readonly lines: string[] } {
  const lines: string[] = [];
  const output = {
    out: () => {
      throw new Error("An error is no result");
    },
    error: (line: string) => void lines.push(line),
  };
  return { status: reportFailure(error, json, output), lines };
}

test("tableText() puts cells under their heads, without lines, colours or trailing blanks", () => {
  const text = tableText(
    ["NAME", "N", ""],
    [
      ["web", 7, ""],
      ["a longer name", 1_000, "x"],
    ],
  );
  expect(text).toBe("NAME           N\nweb            7\na longer name  1000  x");
});

test("tableText() of no rows is its head", () => {
  expect(tableText(["A", "B"], [])).toBe("A  B");
});

test.each([
  [0, "0 %"],
  [1, "100 %"],
  [0.125, "12.5 %"],
  [2 / 3, "66.7 %"],
  [0.0004, "0 %"],
])("percentText(%d) is %s", (share, text) => {
  expect(percentText(share)).toBe(text);
});

test("reportFailure() writes one line for people and gives the error's exit status", () => {
  expect(reported(usageError("Cannot read it"))).toEqual({
    status: 2,
    lines: ["sluice: Cannot read it"],
  });
});

test("reportFailure() writes one object for programs", () => {
  const problems = [{ path: "a", wanted: "b", found: "c" }];
  const { status, lines } = reported(new CliError("invalid", "Cannot", { problems }), true);
  expect([status, lines.map((line) => JSON.parse(line) as object)]).toEqual([
    1,
    [{ error: { code: "invalid", message: "Cannot", problems } }],
  ]);
});

test("reportFailure() shows where an error came from that nobody meant", () => {
  const { status, lines } = reported(new TypeError("x is undefined"));
  expect([status, lines[0]]).toEqual([
    1,
    expect.stringMatching(/^sluice: TypeError: x is undefined\n +at /),
  ]);
  expect(JSON.parse(reported("thrown text", true).lines[0] ?? "")).toEqual({
    error: { code: "internal", message: "thrown text", problems: [] },
  });
});

test("tableText() keeps a row in one line, whatever is in its cells", () => {
  expect(tableText(["A"], [["x\ny\u001b[2J"]])).toBe("A\nx\\ny\\u001b[2J");
});

/** A stream that fails each write with a code, as a system does. "": it takes them. */
function stream(code: string, taken: string[] = []): Writable {
  return new Writable({
    decodeStrings: false,
    write: (text: string, _encoding, done) => {
      if (code === "") taken.push(text);
      done(code === "" ? undefined : Object.assign(new Error(`${code}: no`), { code }));
    },
  });
}

/** These two, with nobody who types. */
const parts = (out: Writable, error: Writable) => {
  return { out, error, input: Readable.from([]), env: { TERM: "xterm" } };
};

test("streamOutput() writes whole lines, and nothing that commands a terminal", async () => {
  const taken: string[] = [];
  const output = streamOutput(parts(stream("", taken), stream("", taken)));
  output.out("a\u001b[2J");
  output.error("b");
  await output.flushed?.();
  expect(taken).toEqual(["a\\u001b[2J\n", "b\n", ""]);
  expect([output.terminal, output.ended?.aborted]).toEqual([undefined, false]);
});

test("streamOutput() gives a terminal what it is sent, as it stands", () => {
  const taken: string[] = [];
  const terminal = Object.assign(stream("", taken), { isTTY: true });
  streamOutput(parts(terminal, stream(""))).terminal?.write("\u001b[2J");
  expect(taken).toEqual(["\u001b[2J"]);
});

test.each([
  ["EPIPE", undefined],
  ["ENOSPC", { code: "output_failed", message: "Cannot write the output: ENOSPC: no" }],
])("streamOutput() ends when a write fails with %s; only a full disk is told", async (...each) => {
  const [code, failure] = each;
  const output = streamOutput(parts(stream(code), stream(code)));
  output.out("a");
  output.error("b");
  const flushed = output.flushed?.().catch((error: unknown) => error);
  if (failure === undefined) expect(await flushed).toBeUndefined();
  else expect(await flushed).toMatchObject(failure);
  expect(output.ended?.aborted).toBe(true);
});
