import { styleText } from "node:util";
import { LogDial } from "./log-level.ts";
import type { LogLevel } from "./log-level.ts";
import { visibleText } from "./visible-text.ts";

/** What a log line may carry besides its event name: plain values, never a secret. */
export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined>>;

/** Writes events, one JSON object a line. `event` names are dotted, lower case and stable. */
export interface Log {
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
}

/** A stream that lines go to: a terminal gets them for people. */
type LogStream = NodeJS.WritableStream & { readonly isTTY?: boolean };

type LineText = (line: LogFields & { readonly level: LogLevel; readonly event: string }) => string;

/**
 * A log that hands each finished line (with its newline) to `write`, as far as `dial` lets it.
 * A `write` that throws, as on a closed pipe, loses the line and nothing else.
 */
export function jsonLog(
  write: (line: string) => void,
  wallMs: () => number,
  dial = new LogDial(),
  text: LineText = jsonText,
): Log {
  const emit = (level: LogLevel, event: string, fields: LogFields = {}): void => {
    if (!dial.lets(level)) return;
    const line = { time: new Date(wallMs()).toISOString(), level, event, ...fields };
    try {
      write(`${text(line)}\n`);
    } catch {
      // A full disk or a closed pipe must not stop traffic.
    }
  };
  return {
    info: (event, fields) => emit("info", event, fields),
    warn: (event, fields) => emit("warn", event, fields),
    error: (event, fields) => emit("error", event, fields),
  };
}

/** The log of a process: for people on a terminal, as JSON anywhere else. */
export function streamLog(stream: LogStream, wallMs: () => number, dial?: LogDial): Log {
  const forPeople: LineText = (line) => peopleText(line, stream);
  const text = stream.isTTY === true ? forPeople : jsonText;
  return jsonLog((line) => stream.write(line), wallMs, dial, text);
}

function jsonText(line: LogFields): string {
  return visibleText(JSON.stringify(line));
}

const COLOURS = { info: "dim", warn: "yellow", error: "red" } as const;

/** `23:05:21.123 warn  request.refused reason=host-missing client=10.0.0.1`. */
function peopleText(
  { time, level, event, ...fields }: Parameters<LineText>[0],
  stream: LogStream,
): string {
  const shown = Object.entries(fields).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${valueText(value)}`],
  );
  const head = `${String(time).slice(11, 23)} ${level.padEnd(5)}`;
  const coloured = styleText(COLOURS[level], head, { stream });
  return [coloured, event, ...shown].join(" ");
}

/** Quotes where a text would be taken for several. */
function valueText(value: LogFields[string]): string {
  const text = String(value);
  return visibleText(/^[^\s"=]+$/.test(text) ? text : JSON.stringify(text));
}
