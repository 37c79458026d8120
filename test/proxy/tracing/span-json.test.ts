import { describe, expect, test } from "vitest";
import { attributesJson, spanJson } from "../../../proxy/tracing/span-json.ts";
import type { Span } from "../../../proxy/tracing/span-json.ts";

const SPAN: Span = {
  traceId: "4bf92f3577b34da6a3ce929d0e0e4736",
  spanId: "00f067aa0ba902b7",
  parentId: "",
  isParentRemote: false,
  state: "",
  name: "GET",
  kind: "server",
  beganMs: 1_796_000_000_000.25,
  endedMs: 1_796_000_000_012.5,
  isError: false,
  attributes: {},
};

describe("spanJson()", () => {
  test("is a span in the JSON of OTLP", () => {
    expect(JSON.parse(spanJson(SPAN))).toEqual({
      traceId: "4bf92f3577b34da6a3ce929d0e0e4736",
      spanId: "00f067aa0ba902b7",
      flags: 0x101,
      name: "GET",
      kind: 2,
      startTimeUnixNano: "1796000000000250000",
      endTimeUnixNano: "1796000000012500000",
      attributes: [],
    });
  });

  test("has a parent, a state and an error where there are any", () => {
    const parentId = "1".repeat(16);
    const more = { parentId, isParentRemote: true, state: 'a="b"', isError: true } as const;
    expect(JSON.parse(spanJson({ ...SPAN, ...more, kind: "client" }))).toMatchObject({
      parentSpanId: parentId,
      traceState: 'a="b"',
      flags: 0x301,
      kind: 3,
      status: { code: 2 },
    });
  });

  test("stays JSON in ASCII and of some length, whatever a client has sent", () => {
    const attributes = { "url.path": `/"\\\r\n\u00ff\u0000${"x".repeat(100_000)}` };
    const text = spanJson({ ...SPAN, name: '"},{', attributes });
    expect(text).toMatch(/^[ -~]{1,2000}$/);
    expect(JSON.parse(text)).toMatchObject({ name: '"},{' });
  });
});

test("attributesJson() tells numbers from texts, and leaves out what there is not", () => {
  const attributes = { a: "b", none: undefined, empty: "", status: 200, zero: 0 };
  expect(JSON.parse(attributesJson(attributes))).toEqual([
    { key: "a", value: { stringValue: "b" } },
    { key: "status", value: { intValue: "200" } },
    { key: "zero", value: { intValue: "0" } },
  ]);
});
