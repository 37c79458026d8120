import type { FastifyRequest } from "fastify";
import { z } from "zod";
import { strict } from "../config/schema-parts.ts";
import type { Asker, WriteContext } from "../table/table-sink.ts";
import { WARNING_CODES } from "../table/warnings.ts";
import { invalidHeader, preconditionRequired, reasonRequired } from "./api-errors.ts";
import { permitOf } from "./auth/permission.ts";

/** Longest X-Sluice-Reason in characters: a sentence or two, kept for good in the audit log. */
const REASON_LENGTH_MAX = 500;

/** The header fields of a write, as openapi.json describes them: writeContext() reads them. */
export const writeHeaders = z.looseObject({
  "if-match": z.string().optional().describe('Required: `"REVISION"` or `*`'),
  "x-sluice-reason": z.string().optional().describe("Why; the audit log keeps it"),
});

/** What a call that is no write to one revision may say. */
export const reasonHeaders = writeHeaders.pick({ "x-sluice-reason": true });

/** What whoever writes should know: in the answer to every write. */
export const warningsSchema = z.array(
  z.object({
    code: z.enum(WARNING_CODES),
    service: z.string(),
    version: z.string().optional(),
    text: z.string(),
  }),
);

/** A switch in a query: `?plan` and `?plan=true` are on. */
export const flag = z
  .enum(["", "true", "false"], { error: "true or false" })
  .default("false")
  .transform((text) => text !== "false");

/** The query of a write. */
export const writeQuery = strict({
  force: flag.describe(
    "Write even if that leaves a service that has traffic without anything that serves; " +
      "X-Sluice-Reason must say why",
  ),
  takeOver: flag.describe("Change weights that a rollout looks after, which lets go of them"),
});

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** The strong entity tag of a revision (RFC 9110 section 8.8.3). */
export function entityTag(revision: number): string {
  return `"${revision}"`;
}

/**
 * What a write says about itself in its header fields.
 * @throws ControlError precondition_required, reason_required, invalid_header
 */
export function writeContext(request: FastifyRequest): WriteContext {
  return {
    ...forcingAsker(request),
    ifMatch: readIfMatch(request.headers["if-match"]),
    permit: permitOf(request.principal),
  };
}

/** Who asks, and why. @throws ControlError invalid_header */
export function askerOf(request: FastifyRequest): Asker {
  return { actor: request.principal.actor, reason: statedReason(request) };
}

/**
 * The same of somebody who may force it. @throws ControlError reason_required, invalid_header
 */
export function forcingAsker(request: FastifyRequest): Omit<WriteContext, "ifMatch" | "permit"> {
  const { force = false, takeOver = false } = request.query as {
    readonly force?: boolean;
    readonly takeOver?: boolean;
  };
  const asker = askerOf(request);
  if (force && asker.reason === undefined) throw reasonRequired();
  return { ...asker, force, ...(takeOver && { takeOver }) };
}

/** Why somebody asks for this. undefined: it was not said. @throws ControlError invalid_header */
function statedReason(request: FastifyRequest): string | undefined {
  return readReason(request.headers["x-sluice-reason"]);
}

/**
 * The revision of `"12"`, or `*`: any. A weak tag never matches a write (RFC 9110 section 13.1.1).
 */
function readIfMatch(field: string | undefined): number | "*" {
  if (field === undefined) throw preconditionRequired();
  if (field === "*") return "*";
  const [, digits] = /^"(\d{1,15})"$/.exec(field) ?? [];
  if (digits !== undefined) return Number(digits);
  throw invalidHeader("If-Match", 'one revision in quotes, such as "12", or *', shown(field));
}

/** A reason in UTF-8, which Node hands over as if it were Latin-1. undefined: none given. */
function readReason(field: string | string[] | undefined): string | undefined {
  if (field === undefined || field === "") return undefined;
  const reason = decoded(String(field));
  const flaw = reason === undefined ? "other bytes" : flawOf(reason);
  if (flaw === undefined) return reason;
  const wanted =
    `at most ${REASON_LENGTH_MAX} characters of UTF-8 without controls, or an ext-value ` +
    "(RFC 8187) of such lines";
  throw invalidHeader("X-Sluice-Reason", wanted, flaw);
}

/**
 * A reason is shown in terminals: controls, and those of C1 beyond ASCII, could drive them. Lines
 * are kept, and shown as `\\n`.
 */
function flawOf(reason: string): string | undefined {
  if (reason.length > REASON_LENGTH_MAX) return `${reason.length} characters`;
  return /(?![\n\t])\p{Cc}/u.test(reason) ? "a control character" : undefined;
}

/** UTF-8 as it stands, or an `ext-value` (RFC 8187 section 3.2), the only form that has lines. */
function decoded(field: string): string | undefined {
  const [, escaped] = /^utf-8'[a-z0-9-]*'(.*)$/i.exec(field) ?? [];
  try {
    if (escaped !== undefined) return decodeURIComponent(escaped);
    return utf8.decode(Buffer.from(field, "latin1"));
  } catch {
    return undefined;
  }
}

function shown(field: string): string {
  return JSON.stringify(field.length > 40 ? `${field.slice(0, 40)}…` : field);
}
