import type { FieldLines } from "./field-lines.ts";
import { Field } from "./field-names.ts";

/** Where a request stands in a trace, as its sender says (W3C Trace Context). */
export type TraceContext = {
  /** 32 hexadecimal digits in lower case, not all of them 0. */
  readonly traceId: string;
  /** The span that the request was sent in: 16 of them, not all 0. */
  readonly parentId: string;
  /** The sender keeps its spans, and asks for the others. */
  readonly isSampled: boolean;
  /** tracestate as it came, several lines joined. "": none. */
  readonly state: string;
};

/** Sampled (section 3.2.2.5.1). Other bits mean nothing to version 00, and are not passed on. */
const SAMPLED = 0x01;

/** version "-" trace-id "-" parent-id "-" trace-flags, and what a later version may add. */
const TRACE_PARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

const NO_TRACE_ID = "0".repeat(32);
const NO_SPAN_ID = "0".repeat(16);

/** The names of Field.trace. */
const PARENT = "traceparent";
const STATE = "tracestate";

/**
 * What the fields say of a trace (W3C Trace Context, sections 3.2 and 4.3). undefined: nothing, or
 * nothing valid, which begins another trace: then tracestate means nothing either.
 */
export function traceContextOf(fields: FieldLines): TraceContext | undefined {
  if (!fields.has(Field.trace)) return undefined;
  let parent: string | undefined;
  for (let index = fields.indexOf(Field.trace); index !== -1;) {
    if (fields.isNamed(index, PARENT)) {
      // Nobody knows which of two is meant.
      if (parent !== undefined) return undefined;
      parent = fields.value(index);
    }
    index = fields.indexOf(Field.trace, index + 1);
  }
  return parent === undefined ? undefined : readTraceParent(parent, fields);
}

function readTraceParent(value: string, fields: FieldLines): TraceContext | undefined {
  const [, version = "", traceId = "", parentId = "", flags = "", more] =
    TRACE_PARENT.exec(value) ?? [];
  if (version === "" || version === "ff" || (version === "00" && more !== undefined)) {
    return undefined;
  }
  if (traceId === NO_TRACE_ID || parentId === NO_SPAN_ID) return undefined;
  const isSampled = (Number.parseInt(flags, 16) & SAMPLED) !== 0;
  return { traceId, parentId, isSampled, state: fields.valueOf(STATE, ",") ?? "" };
}

/** The value of traceparent, by version 00. `spanId`: of the one that sends it. */
export function traceParentOf(traceId: string, spanId: string, isSampled: boolean): string {
  return `00-${traceId}-${spanId}-0${isSampled ? SAMPLED : 0}`;
}

/** Field lines that pass a trace on. `state`: "" for none. */
export function traceLines(parent: string, state: string): string {
  const line = `${PARENT}: ${parent}\r\n`;
  return state === "" ? line : `${line}${STATE}: ${state}\r\n`;
}
