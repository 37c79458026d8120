import { equalsFolded } from "./bytes.ts";
import type { FieldLines } from "./field-lines.ts";
import { Field } from "./field-names.ts";
import { REFUSALS } from "./refusal.ts";
import type { Refusal } from "./refusal.ts";

const CONTINUE = Buffer.from("100-continue", "latin1");

/**
 * Why the Expect of an HTTP/1.1 request, which must have one, cannot be met (RFC 9110 section
 * 10.1.1). undefined: it asks for a 100 and for nothing else.
 */
export function expectRefusal(
  fields: FieldLines,
  bytes: Buffer,
  head: number,
): Refusal | undefined {
  if (fields.hasTwice(Field.expect)) {
    return REFUSALS["expectation-twice"];
  }
  const index = fields.indexOf(Field.expect);
  const from = head + fields.valueStart(index);
  const isContinue = equalsFolded(bytes, from, head + fields.valueEnd(index), CONTINUE);
  return isContinue ? undefined : REFUSALS["expectation-unknown"];
}
