import type { AccessLogField, AccessLogFormat } from "../table/access-log-spec.ts";
import type { AccessEntry, NumberField, TextField } from "./entry.ts";
import { escaped } from "../base/escaped.ts";
import { LineTime, threeDigits } from "./line-time.ts";

/** A line with its line feed, in ASCII. `wallMs`: when it began, since 1970. */
export type LineFormat = (entry: AccessEntry, wallMs: number) => string;

/** A function of its own for each field: one that gets the name would look each up by its text. */
const NUMBERS: Readonly<Record<NumberField, (entry: AccessEntry) => number | undefined>> = {
  status: (entry) => entry.status,
  durationMs: (entry) => entry.durationMs,
  firstByteMs: (entry) => entry.firstByteMs,
  requestBytes: (entry) => entry.requestBytes,
  responseBytes: (entry) => entry.responseBytes,
  attempts: (entry) => entry.attempts,
};

/** Those that are words of ours, or names, need no escapes. */
const TEXTS: Readonly<Record<TextField, (entry: AccessEntry) => string>> = {
  client: (entry) => escaped(entry.client),
  protocol: (entry) => entry.protocol,
  method: (entry) => escaped(entry.method),
  host: (entry) => escaped(entry.host),
  path: (entry) => escaped(entry.path),
  query: (entry) => escaped(entry.query),
  grpcStatus: (entry) => entry.grpcStatus,
  error: (entry) => entry.error,
  flags: (entry) => entry.flags,
  service: (entry) => entry.service,
  version: (entry) => entry.version,
  endpoint: (entry) => escaped(entry.endpoint),
  requestId: (entry) => escaped(entry.requestId),
  traceId: (entry) => entry.traceId,
  userAgent: (entry) => escaped(entry.userAgent),
  referer: (entry) => escaped(withoutSecrets(entry.referer)),
  serverName: (entry) => escaped(entry.serverName),
};

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
  if (!isNumber(field)) return TEXTS[field];
  const read = NUMBERS[field];
  return (entry) => numberText(read(entry));
}

function isNumber(field: AccessLogField): field is NumberField {
  return Object.hasOwn(NUMBERS, field);
}

/** To a thousandth, as two whole numbers: a fraction takes much longer to write. */
function numberText(value: number | undefined): string {
  if (value === undefined) return "";
  if (Number.isInteger(value)) return String(value);
  const thousandths = Math.round(value * 1_000);
  const whole = Math.floor(thousandths / 1_000);
  const rest = thousandths - whole * 1_000;
  return rest === 0 ? String(whole) : `${whole}.${threeDigits(rest)}`;
}

function jsonLine(fields: readonly AccessLogField[]): LineFormat {
  const times = new LineTime();
  const parts = fields.map((field) => {
    const isText = !isNumber(field);
    const name = isText ? `"${field}":"` : `"${field}":`;
    const [first, afterNumber, afterText] = [`{${name}`, `,${name}`, `",${name}`];
    return { first, afterNumber, afterText, read: readerOf(field, times), isText };
  });
  return (entry, wallMs) => {
    let line = "";
    let followsText = false;
    for (const { first, afterNumber, afterText, read, isText } of parts) {
      const value = read(entry, wallMs);
      if (value === "") continue;
      // What ends one value and begins the next is one piece: each piece costs.
      line += line === "" ? first : followsText ? afterText : afterNumber;
      line += value;
      followsText = isText;
    }
    if (line === "") return "{}\n";
    return line + (followsText ? '"}\n' : "}\n");
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
