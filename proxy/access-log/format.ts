import type { AccessLogField, AccessLogFormat } from "../table/access-log-spec.ts";
import type { AccessEntry, NumberField, TextField } from "./entry.ts";
import { Piece } from "./line-bytes.ts";
import type { LineBytes } from "./line-bytes.ts";
import { NumberPart, SteadyParts, TextPart, TimePart } from "./line-part.ts";
import type { LinePart, Surround, LineContent } from "./line-part.ts";
import { putIso, putNcsa } from "./line-time.ts";

/** How lines look. */
export interface LineFormat {
  /** What it asks entries for. */
  readonly fields: readonly AccessLogField[];
  /** Writes a line with its line feed, in ASCII. `last`: see LinePart. */
  write(bytes: LineBytes, told: LineContent, last: LineContent | undefined): void;
}

/** A function of its own for each field: one that gets the name would look each up by its text. */
const NUMBERS: Readonly<Record<NumberField, (entry: AccessEntry) => number | undefined>> = {
  status: (entry) => entry.status,
  durationMs: (entry) => entry.durationMs,
  firstByteMs: (entry) => entry.firstByteMs,
  requestBytes: (entry) => entry.requestBytes,
  responseBytes: (entry) => entry.responseBytes,
  attempts: (entry) => entry.attempts,
};

const TEXTS: Readonly<Record<TextField, (entry: AccessEntry) => string>> = {
  client: (entry) => entry.client,
  protocol: (entry) => entry.protocol,
  method: (entry) => entry.method,
  host: (entry) => entry.host,
  path: (entry) => entry.path,
  query: (entry) => entry.query,
  grpcStatus: (entry) => entry.grpcStatus,
  error: (entry) => entry.error,
  flags: (entry) => entry.flags,
  service: (entry) => entry.service,
  version: (entry) => entry.version,
  endpoint: (entry) => entry.endpoint,
  requestId: (entry) => entry.requestId,
  traceId: (entry) => entry.traceId,
  userAgent: (entry) => entry.userAgent,
  referer: (entry) => withoutSecrets(entry.referer),
  serverName: (entry) => entry.serverName,
};

/** Words of ours, and names: they need no escapes. */
const OURS: ReadonlySet<AccessLogField> = new Set<AccessLogField>([
  "protocol",
  "grpcStatus",
  "error",
  "flags",
  "service",
  "version",
  "traceId",
]);

/** Fields that are mostly the same in lines that follow each other, and that change together. */
type Steady = {
  readonly fields: readonly AccessLogField[];
  readonly areSame: (told: LineContent, last: LineContent) => boolean;
};

const STEADY: readonly Steady[] = [
  {
    fields: ["time"],
    areSame: (told, last) => Math.floor(told.wallMs) === Math.floor(last.wallMs),
  },
  {
    fields: ["client", "protocol", "method", "host", "serverName"],
    areSame: ({ entry: a }, { entry: b }) =>
      a.client === b.client &&
      a.protocol === b.protocol &&
      a.method === b.method &&
      a.host === b.host &&
      a.serverName === b.serverName,
  },
  {
    fields: ["status", "grpcStatus", "error", "flags"],
    areSame: ({ entry: a }, { entry: b }) =>
      a.status === b.status &&
      a.grpcStatus === b.grpcStatus &&
      a.error === b.error &&
      a.flags === b.flags,
  },
  {
    fields: ["service", "version", "endpoint", "attempts"],
    areSame: ({ entry: a }, { entry: b }) =>
      a.service === b.service &&
      a.version === b.version &&
      a.endpoint === b.endpoint &&
      a.attempts === b.attempts,
  },
];

const COMMA = 0x2c;
const BRACE = 0x7b;

const EMPTY = new Piece("");
/** What stands for a value that there is not, where fields have places. */
const HYPHEN = new Piece("-");

/** NCSA's Combined Log Format, without query strings: whoever wants those has a template. */
const COMBINED: readonly (readonly [AccessLogField, string])[] = [
  ["client", ""],
  ["time", " - - ["],
  ["method", '] "'],
  ["path", " "],
  ["protocol", " "],
  ["status", '" '],
  ["responseBytes", " "],
  ["referer", ' "'],
  ["userAgent", '" "'],
];

/** How lines of this format are written. */
export function lineFormat(format: AccessLogFormat): LineFormat {
  switch (format.kind) {
    case "json":
      return jsonLine(format.fields);
    case "combined":
      return placedLine(COMBINED, '"', putNcsa);
    case "template": {
      const { fields, literals } = format;
      const placed = fields.map((field, index) => [field, literals[index] ?? ""] as const);
      return placedLine(placed, literals.at(-1) ?? "", putIso);
    }
  }
}

/** An object, in which there is no field without a value. */
function jsonLine(fields: readonly AccessLogField[]): LineFormat {
  const parts = gathered(fields, (field) => {
    const quote = isNumber(field) ? "" : '"';
    const before = new Piece(`,"${field}":${quote}`);
    return partOf(field, { before, after: new Piece(quote), absent: undefined }, putIso);
  });
  const [none, end] = [new Piece("{}\n"), new Piece("}\n")];
  return {
    fields,
    write: (bytes, told, last) => {
      const start = bytes.length;
      writeAll(parts, bytes, told, last);
      if (bytes.length === start) return bytes.piece(none);
      // Each part begins with a comma, and this one is the first.
      bytes.replace(start, BRACE);
      return bytes.piece(end);
    },
  };
}

/** Fields that have their places, with what comes before each. */
function placedLine(
  placed: readonly (readonly [AccessLogField, string])[],
  after: string,
  putTime: typeof putIso,
): LineFormat {
  const parts = placed.map(([field, text]) => {
    return partOf(field, { before: new Piece(text), after: EMPTY, absent: HYPHEN }, putTime);
  });
  const end = new Piece(`${after}\n`);
  return {
    fields: placed.map(([field]) => field),
    write: (bytes, told, last) => {
      writeAll(parts, bytes, told, last);
      bytes.piece(end);
    },
  };
}

function writeAll(
  parts: readonly LinePart[],
  bytes: LineBytes,
  told: LineContent,
  last: LineContent | undefined,
): void {
  for (const part of parts) part.write(bytes, told, last);
}

function partOf(field: AccessLogField, around: Surround, putTime: typeof putIso): LinePart {
  if (field === "time") return new TimePart(around, putTime);
  if (isNumber(field)) return new NumberPart(around, NUMBERS[field]);
  return new TextPart(around, TEXTS[field], OURS.has(field));
}

function isNumber(field: AccessLogField): field is NumberField {
  return Object.hasOwn(NUMBERS, field);
}

/** Those that follow each other and change together are one part. */
function gathered(
  fields: readonly AccessLogField[],
  part: (field: AccessLogField) => LinePart,
): readonly LinePart[] {
  const runs: { readonly steady: Steady | undefined; parts: LinePart[] }[] = [];
  for (const field of fields) {
    const steady = STEADY.find((each) => each.fields.includes(field));
    const last = runs.at(-1);
    if (steady !== undefined && last?.steady === steady) last.parts.push(part(field));
    else runs.push({ steady, parts: [part(field)] });
  }
  return runs.flatMap<LinePart>(({ steady, parts }) =>
    steady === undefined ? parts : new SteadyParts(parts, steady.areSame, COMMA),
  );
}

/** A URL without what often lets people in: user and password, query and fragment. */
function withoutSecrets(url: string): string {
  if (url === "") return "";
  const end = url.search(/[?#]/);
  return (end === -1 ? url : url.slice(0, end)).replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/]*@/i, "$1");
}
