import { z } from "zod";
import { canonicalBind, canonicalEndpoint, canonicalHost } from "./address.ts";
import {
  DURATION_PATTERN,
  DURATION_WANTED,
  parseDurationMs,
  parseSizeBytes,
  SIZE_PATTERN,
  SIZE_WANTED,
} from "./units.ts";

/**
 * The small schemas that the others are made of. The `error` of a schema here is not a sentence but
 * what was wanted; problemsOf() writes `path: wanted …, found …` around it.
 */

/** A service's or version's name: it becomes a label, a Consul key and part of a URL. */
const NAME = /^(?!\d+$)[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;

/**
 * RFC 9110 section 5.6.2. Field and cookie names longer than 64 bytes are a mistake, not a name.
 */
const TOKEN = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$/;

/**
 * RFC 9110 section 5.5, without the bytes above 0x7E, which a document cannot write unambiguously.
 */
const FIELD_VALUE = /^(?:[!-~](?:[ \t!-~]*[!-~])?)?$/;

/** Longest free text, such as one of Consul's filter expressions or a file name. */
const TEXT_MAX = 4096;

/** An object in which every key must be one of `shape`. */
export function strict<Shape extends z.core.$ZodLooseShape>(
  shape: Shape,
): z.ZodObject<Shape, z.core.$strict> {
  const known = Object.keys(shape);
  const wanted = `one of the keys ${known.join(", ")}`;
  return z.strictObject(shape, {
    error: (issue) => (issue.code === "unrecognized_keys" ? wanted : undefined),
  });
}

/** An object with keys of the writer's own choice, at most `max` of them. */
export function named<Value extends z.ZodType>(
  key: z.ZodType<string, string>,
  value: Value,
  max: number,
): z.ZodRecord<z.ZodType<string, string>, Value> {
  const fits = (record: object): boolean => Object.keys(record).length <= max;
  return z.record(key, value).refine(fits, { error: `at most ${max} keys`, abort: true });
}

/** A list of at most `max` values. */
export function list<Value extends z.ZodType>(value: Value, max: number): z.ZodArray<Value> {
  return z.array(value).max(max, { error: `a list of at most ${max}` });
}

/** A whole number between two bounds, both included. */
export function whole(least: number, most: number): z.ZodNumber {
  const error = `a whole number from ${least} to ${most}`;
  return z.number({ error }).int({ error }).min(least, { error }).max(most, { error });
}

/** A text that matches a pattern. */
export function matching(pattern: RegExp, wanted: string): z.ZodType<string, string> {
  return z
    .string({ error: wanted })
    .regex(pattern, { error: wanted })
    .meta({ description: wanted });
}

/** A text (or number) that `parse` reads; `parse` returns undefined for what it cannot read. */
function parsed<Input extends string | number, Output>(
  input: z.ZodType<Input, Input>,
  wanted: string,
  parse: (value: Input) => Output | undefined,
): z.ZodType<Output, Input> {
  return input.transform((value, context): Output => {
    const output = parse(value);
    if (output !== undefined) return output;
    context.addIssue({ code: "custom", message: wanted });
    return z.NEVER;
  });
}

function textOf(wanted: string): z.ZodType<string, string> {
  return z.string({ error: wanted }).meta({ description: wanted });
}

/** A text, or the number 0. `pattern` is for JSON Schema, as what `parsed` does is not in it. */
function unitInput(wanted: string, pattern: string): z.ZodType<string | number, string | number> {
  return z
    .union([z.string(), z.number()], { error: wanted })
    .meta({ description: wanted, pattern, minimum: 0, maximum: 0 });
}

/** A duration, read as milliseconds; 0 is allowed, and each use says what it means. */
export const duration = parsed(
  unitInput(DURATION_WANTED, DURATION_PATTERN),
  DURATION_WANTED,
  parseDurationMs,
);

/** A duration of at least `leastMs` milliseconds, written `leastText`. */
export function durationFrom(
  leastMs: number,
  leastText: string,
): z.ZodType<number, string | number> {
  return duration.refine((ms) => ms >= leastMs, { error: `a duration of at least ${leastText}` });
}

/** A size, read as bytes. */
export const size = parsed(unitInput(SIZE_WANTED, SIZE_PATTERN), SIZE_WANTED, parseSizeBytes);

/** A service's or version's name. Not digits alone: JavaScript would reorder such keys. */
export const name = matching(
  NAME,
  "a name of at most 63 letters, digits, '.', '_' or '-', " +
    "beginning with a letter or digit, not digits alone",
);

/** The name of a field, cookie or method. */
export const token = matching(TOKEN, "a token of at most 64 characters (RFC 9110 section 5.6.2)");

/** A field's value as it must be sent: visible ASCII, blanks only inside. */
export const fieldValue = matching(FIELD_VALUE, "a field value in visible ASCII");

/** Any text that is not empty. */
export const text = z
  .string({ error: "a text" })
  .min(1, { error: "a text that is not empty" })
  .max(TEXT_MAX, { error: `a text of at most ${TEXT_MAX} characters` });

const HOST_WANTED = "a host without port, such as web.internal or *.web.internal";

/** A host, or a wildcard for all hosts below one; lower case. */
export const hostPattern = parsed(textOf(HOST_WANTED), HOST_WANTED, (value) => {
  const host = canonicalHost(value.startsWith("*.") ? value.slice(2) : value);
  return host !== undefined && value.startsWith("*.") ? `*.${host}` : host;
});

const DOMAIN_WANTED = "a host such as shop.example";

/** The Domain of a cookie: a host with all hosts below it; lower case. */
export const cookieDomain = parsed(textOf(DOMAIN_WANTED), DOMAIN_WANTED, canonicalHost);

const ENDPOINT_WANTED =
  "an address such as 10.0.0.5:3000, [::1]:3000, name:3000 or unix:/run/web.sock";

/** Where a version answers, in its canonical form. */
export const endpointAddress = parsed(textOf(ENDPOINT_WANTED), ENDPOINT_WANTED, canonicalEndpoint);

const BIND_WANTED = "an address such as 0.0.0.0:8080, [::]:8080 or unix:/run/sluice.sock";

/** Where we listen, in its canonical form. Port 0: any free one. */
export const bindAddress = parsed(textOf(BIND_WANTED), BIND_WANTED, canonicalBind);

/** Most methods in one list: all registered ones (RFC 9110 section 16.1.1) and room for others. */
const METHODS_MAX = 64;

const method = matching(/^[A-Z][A-Z0-9_-]{0,31}$/, "a method in upper case, such as POST");

/** A list of methods. */
export const methods = list(method, METHODS_MAX);
