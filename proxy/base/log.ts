import { visibleText } from "./visible-text.ts";

/** What a log line may carry besides its event name: plain values, never a secret. */
export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined>>;

/** Writes events, one JSON object a line. `event` names are dotted, lower case and stable. */
export interface Log {
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
}

type Level = "info" | "warn" | "error";

/**
 * A log that hands each finished line (with its newline) to `write`.
 * A `write` that throws, as on a closed pipe, loses the line and nothing else.
 */
export function jsonLog(write: (line: string) => void, wallMs: () => number): Log {
  const emit = (level: Level, event: string, fields: LogFields = {}): void => {
    const line = { time: new Date(wallMs()).toISOString(), level, event, ...fields };
    try {
      write(`${visibleText(JSON.stringify(line))}\n`);
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
