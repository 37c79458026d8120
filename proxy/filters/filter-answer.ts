import { FilterMisuseError } from "./field-rules.ts";
import type { FilterAnswer } from "./filter-module.ts";
import { lineOf } from "./head-editor.ts";

/** Largest body of a filter's own answer: a refusal or a small document, not a file server. */
const BODY_BYTES_MAX = 64 * 1024;
/** All field lines of a filter's own answer. */
const FIELDS_BYTES_MAX = 32 * 1024;

/** Statuses that have no body (RFC 9110 sections 15.3.5, 15.3.6 and 15.4.5). */
const BODILESS: ReadonlySet<number> = new Set([204, 205, 304]);

/** An answer that can be sent: everything in it has been checked. */
export type AnswerDraft = {
  /** 200 … 599. */
  readonly status: number;
  /** Field lines, each with its CRLF. */
  readonly fields: string;
  /** As latin1 text: one character a byte. "": none. */
  readonly body: string;
};

/** Reads an answer as a filter gives it. @throws FilterMisuseError. */
export function readFilterAnswer(answer: FilterAnswer): AnswerDraft {
  const { status, headers = {}, body = "" } = answer;
  if (!Number.isInteger(status) || status < 200 || status > 599) {
    throw misuse("a status from 200 to 599", String(status));
  }
  if (typeof body !== "string") throw misuse("a text as body", `a ${typeof body}`);
  if (body !== "" && BODILESS.has(status)) throw misuse(`no body with ${status}`, "one");
  const bytes = Buffer.from(body, "utf8");
  if (bytes.length > BODY_BYTES_MAX) {
    throw misuse(`a body of at most ${BODY_BYTES_MAX} bytes`, `${bytes.length}`);
  }
  const fields = linesOf(headers);
  const type = body === "" || hasType(headers) ? "" : "Content-Type: text/plain; charset=utf-8\r\n";
  if (fields.length > FIELDS_BYTES_MAX) {
    throw misuse(`fields of at most ${FIELDS_BYTES_MAX} bytes`, `${fields.length}`);
  }
  return { status, fields: type + fields, body: bytes.toString("latin1") };
}

/** Date is ours too here: see ownResponse() of proxy/exchange/respond.ts. */
function linesOf(headers: NonNullable<FilterAnswer["headers"]>): string {
  return Object.entries(headers)
    .flatMap(([name, values]) => [values].flat().map((value) => [name, value] as const))
    .map(([name, value]) => {
      if (name.toLowerCase() === "date") throw misuse("fields without Date", "it");
      return `${lineOf(name, value)}\r\n`;
    })
    .join("");
}

function hasType(headers: NonNullable<FilterAnswer["headers"]>): boolean {
  return Object.keys(headers).some((name) => name.toLowerCase() === "content-type");
}

function misuse(wanted: string, found: string): FilterMisuseError {
  return new FilterMisuseError(`Cannot answer: wanted ${wanted}, found ${found}`);
}
