import type { FieldLines } from "./field-lines.ts";
import { Field } from "./field-names.ts";
import { hostEnd } from "./host.ts";
import { REFUSALS } from "./refusal.ts";
import type { Refusal } from "./refusal.ts";
import type { RequestLine } from "./request-line.ts";

/**
 * Whom a request is for (RFC 9112 section 3.2): the authority of an absolute target beats Host. All
 * positions are relative to the head's first byte.
 */
export class RequestHost {
  /** The host alone; all are 0 for an HTTP/1.0 request without Host. */
  start = 0;
  end = 0;
  /** Where the port ends that it was sent with; `end`: none. */
  authorityEnd = 0;

  /** Finds it in a whole head. Returns the rule that is broken. */
  read(line: RequestLine, fields: FieldLines, bytes: Buffer, head: number): Refusal | undefined {
    const { target } = line;
    this.start = target.authorityStart;
    this.end = target.authorityHostEnd;
    this.authorityEnd = target.authorityEnd;
    if (!fields.has(Field.host)) {
      return line.version === "1.0" ? undefined : REFUSALS["host-missing"];
    }
    if (fields.hasTwice(Field.host)) {
      return REFUSALS["host-twice"];
    }
    const index = fields.indexOf(Field.host);
    const from = fields.valueStart(index);
    const to = fields.valueEnd(index);
    const end = hostEnd(bytes, head + from, head + to);
    if (end === -1) {
      return REFUSALS["host-invalid"];
    }
    if (target.authorityStart === 0) {
      this.start = from;
      this.end = end - head;
      this.authorityEnd = to;
    }
    return undefined;
  }
}
