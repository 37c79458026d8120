import { wholeNumber } from "./bytes.ts";
import type { FieldLines } from "./field-lines.ts";
import { Field } from "./field-names.ts";

/**
 * How often a request that has a Max-Forwards may still be forwarded (RFC 9110 section 7.6.2). 0:
 * it is for us. -1: there are several, or it is not a whole number below 2^53.
 */
export function maxForwardsOf(fields: FieldLines, bytes: Buffer, head: number): number {
  if (fields.hasTwice(Field.maxForwards)) {
    return -1;
  }
  const index = fields.indexOf(Field.maxForwards);
  return wholeNumber(bytes, head + fields.valueStart(index), head + fields.valueEnd(index));
}
