import { expect, test } from "vitest";
import { jsonLog } from "../../../proxy/base/log.ts";

test("jsonLog() writes one object a line, with time, level and event first", () => {
  const lines: string[] = [];
  const log = jsonLog(
    (line) => lines.push(line),
    () => Date.UTC(2026, 0, 2),
  );
  log.info("a.b", { text: 'two\nlines "x"', count: 1, none: undefined, nothing: null });
  log.warn("a.c");
  log.error("a.d", { isIt: true });
  const time = "2026-01-02T00:00:00.000Z";
  expect(lines).toEqual([
    `{"time":"${time}","level":"info","event":"a.b",` +
      `"text":"two\\nlines \\"x\\"","count":1,"nothing":null}\n`,
    `{"time":"${time}","level":"warn","event":"a.c"}\n`,
    `{"time":"${time}","level":"error","event":"a.d","isIt":true}\n`,
  ]);
});

test("jsonLog() loses a line that cannot be written, and nothing else", () => {
  const lines: string[] = [];
  let isBroken = true;
  const log = jsonLog(
    (line) => {
      if (isBroken) throw new Error("EPIPE");
      lines.push(line);
    },
    () => 0,
  );
  expect(() => log.error("lost")).not.toThrow();
  isBroken = false;
  log.info("kept");
  expect(lines).toHaveLength(1);
});

test("A log line commands no terminal, and is JSON all the same", () => {
  const lines: string[] = [];
  jsonLog(
    (line) => lines.push(line),
    () => 0,
  ).warn("a", { name: "\u009b2J\u001b[2J\u202e" });
  expect(lines[0]).toContain('"name":"\\u009b2J\\u001b[2J\\u202e"');
  expect(JSON.parse(lines[0] ?? "")).toMatchObject({ name: "\u009b2J\u001b[2J\u202e" });
});
