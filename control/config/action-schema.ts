import { z } from "zod";
import { isOwnField } from "../../proxy/table/own-fields.ts";
import type { FieldEdits, RouteActions } from "../../proxy/table/route-actions.ts";
import { canonicalHost } from "./address.ts";
import { corsSchema } from "./cors-schema.ts";
import { routePath } from "./route-path.ts";
import { duration, fieldValue, list, named, strict, token, whole } from "./schema-parts.ts";

/** Fields of one kind of edit: each is a line of every request or answer. */
const EDITS_MAX = 64;

/** Lines of one name, such as Set-Cookie. */
const LINES_MAX = 16;

/** Largest body of a fixed answer, in bytes: a page of maintenance, not a file server. */
const BODY_BYTES_MAX = 64 * 1024;

const OWN_WANTED = "a field that Sluice does not write itself (framing, host, connection, sender)";

/** The name of a field that a document may change. */
const editable = token.refine((name) => !isOwnField(name), { error: OWN_WANTED });

const edits = strict({
  set: named(editable, fieldValue, EDITS_MAX).optional(),
  add: named(editable, z.union([fieldValue, list(fieldValue, LINES_MAX)]), EDITS_MAX).optional(),
  remove: list(editable, EDITS_MAX).optional(),
});

const HOST_WANTED = "a host, perhaps with a port, such as api.internal or api.internal:8080";

const host = z.string({ error: HOST_WANTED }).refine(isAuthority, { error: HOST_WANTED });

const plainHost = z
  .string({ error: "a host without port, such as shop.example" })
  .refine((value) => canonicalHost(value) !== undefined, {
    error: "a host without port, such as shop.example",
  });

const REDIRECTS = [301, 302, 303, 307, 308] as const;

const redirect = strict({
  scheme: z.enum(["http", "https"]).optional(),
  host: plainHost.optional(),
  port: whole(1, 65_535).optional(),
  path: routePath.optional(),
  status: z.literal(REDIRECTS, { error: `one of ${REDIRECTS.join(", ")}` }).default(307),
}).refine((read) => Object.values(read).filter((value) => value !== undefined).length > 1, {
  error: "at least one of scheme, host, port and path: where else clients are sent",
});

const answerField = editable.refine((name) => name.toLowerCase() !== "date", {
  error: "a field other than Date, which Sluice writes itself",
});

const answer = strict({
  status: whole(200, 599).default(200),
  headers: named(answerField, fieldValue, EDITS_MAX).optional(),
  body: z
    .string({ error: "a text" })
    .refine((text) => Buffer.byteLength(text) <= BODY_BYTES_MAX, {
      error: `a text of at most ${BODY_BYTES_MAX} bytes`,
    })
    .default(""),
}).refine(({ status, body }) => body === "" || ![204, 205, 304].includes(status), {
  path: ["body"],
  error: "no body with status 204, 205 or 304 (RFC 9110 section 6.4.1)",
});

const PERCENT_WANTED = "a number from 0 to 100";

/** Chances: a fault in one of 100 000 requests is 0.001. */
const percent = z
  .number({ error: PERCENT_WANTED })
  .min(0, { error: PERCENT_WANTED })
  .max(100, { error: PERCENT_WANTED });

/** Longest delay: what is slower than this tests only the patience of timeouts. */
const DELAY_MS_MAX = 10 * 60 * 1_000;

const faults = strict({
  delay: strict({
    percent,
    for: duration.refine((ms) => ms >= 1 && ms <= DELAY_MS_MAX, {
      error: "a duration from 1ms to 10m",
    }),
  }).optional(),
  abort: strict({ percent, status: whole(400, 599).default(503) }).optional(),
});

/** The keys of a route by which it does something itself. */
export const actionShape = {
  rewrite: strict({ path: routePath.optional(), host: host.optional() }).optional(),
  request: edits.optional(),
  response: edits.optional(),
  redirect: redirect.optional(),
  answer: answer.optional(),
  cors: corsSchema.optional(),
  faults: faults.optional(),
};

const actions = strict(actionShape);

/** What a route says of what it does itself, read but not yet compiled. */
export type ReadActions = z.output<typeof actions>;

/** The actions of a route. undefined: it has none. */
export function toActions(read: ReadActions): RouteActions | undefined {
  const { rewrite, request, response, redirect: elsewhere, answer: fixed, cors } = read;
  const { delay, abort } = read.faults ?? {};
  const found: RouteActions = {
    ...(rewrite && { rewrite: { path: rewrite.path, host: rewrite.host } }),
    ...(request && { request: toEdits(request) }),
    ...(response && { response: toEdits(response) }),
    ...(elsewhere && { redirect: toRedirect(elsewhere) }),
    ...(fixed && { answer: toAnswer(fixed) }),
    ...(cors && { cors }),
    ...(read.faults && {
      faults: { delay: delay && { percent: delay.percent, forMs: delay.for }, abort },
    }),
  };
  return Object.keys(found).length === 0 ? undefined : found;
}

function toRedirect(read: NonNullable<ReadActions["redirect"]>): RouteActions["redirect"] {
  const { scheme, host: to, port, path, status } = read;
  return { scheme, host: to, port, path, status };
}

function toAnswer(read: NonNullable<ReadActions["answer"]>): RouteActions["answer"] {
  const { status, headers = {}, body } = read;
  return { status, fields: pairsOf(headers), body };
}

function toEdits({ set = {}, add = {}, remove = [] }: z.output<typeof edits>): FieldEdits {
  const removed = [...remove, ...Object.keys(set)].map((name) => name.toLowerCase());
  return { removed: [...new Set(removed)], added: [...pairsOf(set), ...pairsOf(add)] };
}

function pairsOf(fields: Readonly<Record<string, string | string[]>>): FieldEdits["added"] {
  return Object.entries(fields).flatMap(([name, values]) =>
    [values].flat().map((value) => [name.toLowerCase(), value] as const),
  );
}

function isAuthority(value: string): boolean {
  const [, name = "", port] = /^(.*?)(?::(\d{1,5}))?$/.exec(value) ?? [];
  return canonicalHost(name) !== undefined && (port === undefined || Number(port) <= 65_535);
}
