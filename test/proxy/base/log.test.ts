import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { jsonLog, streamLog } from "../../../proxy/base/log.ts";
import { LogDial } from "../../../proxy/base/log-level.ts";

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

test("jsonLog() leaves out what the dial does not let through, as it stands then", () => {
  const lines: string[] = [];
  const dial = new LogDial("warn");
  const log = jsonLog(
    (line) => lines.push(line),
    () => 0,
    dial,
  );
  log.info("a");
  log.warn("b");
  dial.level = "error";
  log.warn("c");
  log.error("d");
  expect(lines.map((line) => (JSON.parse(line) as { event: string }).event)).toEqual(["b", "d"]);
});

/** What a stream gets of a warning. */
function warning(isTTY: boolean): string {
  const stream = Object.assign(new PassThrough(), { isTTY });
  const at = Date.UTC(2026, 0, 2, 3, 4, 5, 6);
  const fields = { reason: "host-missing", text: 'two words\u001b[2J "x"', none: undefined };
  streamLog(stream, () => at).warn("request.refused", { ...fields, times: 3 });
  return String(stream.read());
}

test("streamLog() is for people on a terminal, which it never commands", () => {
  // oxlint-disable-next-line no-control-regex -- colours, which are a terminal's own matter
  const line = warning(true).replace(/\u001b\[\d+m/g, "");
  expect(line).toBe(
    "03:04:05.006 warn  request.refused reason=host-missing " +
      'text="two words\\u001b[2J \\"x\\"" times=3\n',
  );
});

test("streamLog() is JSON anywhere else", () => {
  expect(JSON.parse(warning(false))).toMatchObject({ level: "warn", reason: "host-missing" });
});
