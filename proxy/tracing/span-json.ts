import { escaped } from "../base/escaped.ts";

/** Kinds of spans, by their numbers in OTLP: what a client asked of us, what we asked of others. */
export const SPAN_KINDS = { server: 2, client: 3 } as const;

/** What a span tells by the names of the semantic conventions. undefined and "": it is left out. */
export type SpanAttributes = Readonly<Record<string, string | number | undefined>>;

/** A span that has ended. Texts are as they came, a character a byte. */
export type Span = {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** 16 of them. */
  readonly spanId: string;
  /** "": it is the first of its trace. */
  readonly parentId: string;
  /** The parent is another process's. */
  readonly isParentRemote: boolean;
  /** tracestate. "": none. */
  readonly state: string;
  readonly name: string;
  readonly kind: keyof typeof SPAN_KINDS;
  /** In ms since 1970, with fractions. */
  readonly beganMs: number;
  readonly endedMs: number;
  readonly isError: boolean;
  readonly attributes: SpanAttributes;
};

/** Of Span.flags in OTLP: sampled; known whether the parent is remote; it is. */
const SAMPLED = 0x01;
const KNOWS_REMOTE = 0x100;
const IS_REMOTE = 0x200;

/** Status code ERROR. */
const ERROR_STATUS = `"status":{"code":2},`;

/**
 * A span as the JSON of OTLP (opentelemetry-proto, trace.proto; OTLP 1.x, "JSON Protobuf
 * Encoding"): ids in hexadecimal, numbers of 64 bits as texts. ASCII, and at most as long as its
 * texts, each cut as escaped() does.
 */
export function spanJson(span: Span): string {
  const { traceId, spanId, parentId, isParentRemote, state, name, kind, isError } = span;
  const flags = SAMPLED | KNOWS_REMOTE | (isParentRemote ? IS_REMOTE : 0);
  return (
    `{"traceId":"${traceId}","spanId":"${spanId}",` +
    (parentId === "" ? "" : `"parentSpanId":"${parentId}",`) +
    (state === "" ? "" : `"traceState":"${escaped(state)}",`) +
    `"flags":${flags},"name":"${escaped(name)}","kind":${SPAN_KINDS[kind]},` +
    `"startTimeUnixNano":"${nanoseconds(span.beganMs)}",` +
    `"endTimeUnixNano":"${nanoseconds(span.endedMs)}",` +
    (isError ? ERROR_STATUS : "") +
    `"attributes":${attributesJson(span.attributes)}}`
  );
}

/** A list of KeyValue: whole numbers are integers, everything else is text. */
export function attributesJson(attributes: SpanAttributes): string {
  const told: string[] = [];
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === "") continue;
    const text =
      typeof value === "number" ? `"intValue":"${value}"` : `"stringValue":"${escaped(value)}"`;
    told.push(`{"key":"${key}","value":{${text}}}`);
  }
  return `[${told.join(",")}]`;
}

/** As exact as a number holds it: microseconds. */
function nanoseconds(ms: number): string {
  return `${Math.round(ms * 1_000)}000`;
}
