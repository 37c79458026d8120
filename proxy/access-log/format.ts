import type { AccessLogField, AccessLogFormat } from "../table/access-log-spec.ts";
import type { AccessEntry, NumberField } from "./entry.ts";
import { escaped } from "./escaped.ts";
import { LineTime } from "./line-time.ts";

/** A line with its line feed, in ASCII. `wallMs`: when it began, since 1970. */
export type LineFormat = (entry: AccessEntry, wallMs: number) => string;

const NUMBERS: ReadonlySet<AccessLogField> = new Set<NumberField>([
  "status",
  "durationMs",
  "firstByteMs",
  "requestBytes",
  "responseBytes",
  "attempts",
]);

/** What stands for a value that there is not, where fields have places. */
const ABSENT = "-";

/** How lines look. */
export function lineFormat(format: AccessLogFormat): LineFormat {
  switch (format.kind) {
    case "json":
      return jsonLine(format.fields);
    case "combined":
      return combinedLine();
    case "template":
      return templateLine(format.literals, format.fields);
  }
}

/** One value. "": there is none. */
type Reader = (entry: AccessEntry, wallMs: number) => string;

function readerOf(field: AccessLogField, times: LineTime): Reader {
  if (field === "time") return (_entry, wallMs) => times.iso(wallMs);
  if (field === "referer") return (entry) => escaped(withoutSecrets(entry.referer));
  if (isNumber(field)) return (entry) => numberText(entry[field]);
  return (entry) => escaped(entry[field]);
}

function isNumber(field: Exclude<AccessLogField, "time">): field is NumberField {
  return NUMBERS.has(field);
}

/** Milliseconds have a thousandth at most. */
function numberText(value: number | undefined): string {
  if (value === undefined) return "";
  return String(Number.isInteger(value) ? value : Math.round(value * 1_000) / 1_000);
}

function jsonLine(fields: readonly AccessLogField[]): LineFormat {
  const times = new LineTime();
  const parts = fields.map((field) => {
    const quote = NUMBERS.has(field) ? "" : '"';
    return { begin: `,"${field}":${quote}`, read: readerOf(field, times), quote };
  });
  return (entry, wallMs) => {
    let line = "";
    for (const { begin, read, quote } of parts) {
      const value = read(entry, wallMs);
      if (value !== "") line += begin + value + quote;
    }
    return `{${line.slice(1)}}\n`;
  };
}

function templateLine(literals: readonly string[], fields: readonly AccessLogField[]): LineFormat {
  const times = new LineTime();
  const parts = fields.map((field, index) => {
    return { read: readerOf(field, times), after: literals[index + 1] ?? "" };
  });
  const [first = ""] = literals;
  return (entry, wallMs) => {
    let line = first;
    for (const { read, after } of parts) line += orAbsent(read(entry, wallMs)) + after;
    return `${line}\n`;
  };
}

/** Without query strings, which are often secrets: whoever wants them has a template. */
function combinedLine(): LineFormat {
  const times = new LineTime();
  return (entry, wallMs) => {
    const { method, path, protocol, status, responseBytes, referer } = entry;
    return (
      `${orAbsent(escaped(entry.client))} - - [${times.ncsa(wallMs)}] ` +
      `"${orAbsent(method)} ${orAbsent(escaped(path))} ${orAbsent(protocol)}" ` +
      `${orAbsent(numberText(status))} ${orAbsent(numberText(responseBytes))} ` +
      `"${orAbsent(escaped(withoutSecrets(referer)))}" "${orAbsent(escaped(entry.userAgent))}"\n`
    );
  };
}

function orAbsent(text: string): string {
  return text === "" ? ABSENT : text;
}

/** A URL without what often lets people in: user and password, query and fragment. */
function withoutSecrets(url: string): string {
  if (url === "") return "";
  const end = url.search(/[?#]/);
  return (end === -1 ? url : url.slice(0, end)).replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/]*@/i, "$1");
}
