import { describe, expect, test } from "vitest";
import { RequestHead } from "../../../proxy/http1/request-head.ts";
import { traceContextOf, traceLines, traceParentOf } from "../../../proxy/http1/trace-context.ts";
import type { TraceContext } from "../../../proxy/http1/trace-context.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN = "00f067aa0ba902b7";
const PARENT = `00-${TRACE}-${SPAN}-01`;

function read(...lines: readonly string[]): TraceContext | undefined {
  const head = new RequestHead();
  head.reset();
  const text = ["GET / HTTP/1.1", "Host: a", ...lines, "", ""].join("\r\n");
  expect(head.parse(Buffer.from(text, "latin1"), 0, text.length)).toBe(text.length);
  return traceContextOf(head.fields);
}

describe("traceContextOf()", () => {
  test.each([
    ["01", true],
    ["00", false],
    // Bits that this version does not know are no reason to begin another trace.
    ["03", true],
    ["fe", false],
  ])("reads a traceparent with the flags %s", (flags, isSampled) => {
    const context = { traceId: TRACE, parentId: SPAN, isSampled, state: "" };
    expect(read(`TraceParent: 00-${TRACE}-${SPAN}-${flags}`)).toEqual(context);
  });

  test.each([
    ["nothing", ""],
    ["version ff", `ff-${TRACE}-${SPAN}-01`],
    ["a version of one digit", `0-${TRACE}-${SPAN}-01`],
    ["upper case", `00-${TRACE.toUpperCase()}-${SPAN}-01`],
    ["a trace of zeros", `00-${"0".repeat(32)}-${SPAN}-01`],
    ["a parent of zeros", `00-${TRACE}-${"0".repeat(16)}-01`],
    ["a trace that is too short", `00-${TRACE.slice(1)}-${SPAN}-01`],
    ["a trace with another letter", `00-g${TRACE.slice(1)}-${SPAN}-01`],
    ["no flags", `00-${TRACE}-${SPAN}`],
    ["flags that are no digits", `00-${TRACE}-${SPAN}-0x`],
    ["more than version 00 has", `${PARENT}-more`],
    ["a comma behind it", `${PARENT},`],
    ["more, without a dash, in a later version", `01-${TRACE}-${SPAN}-01more`],
  ])("takes %s for none", (_what, value) => {
    expect(read(`traceparent: ${value}`, "tracestate: a=b")).toBeUndefined();
  });

  test("takes what it knows of a later version", () => {
    expect(read(`traceparent: cc-${TRACE}-${SPAN}-01-what-the-future`)?.traceId).toBe(TRACE);
    expect(read(`traceparent: cc-${TRACE}-${SPAN}-01`)?.parentId).toBe(SPAN);
  });

  test("takes two of them for none, and a tracestate alone", () => {
    expect(read(`traceparent: ${PARENT}`, `traceparent: ${PARENT}`)).toBeUndefined();
    expect(read("tracestate: a=b")).toBeUndefined();
    expect(read()).toBeUndefined();
  });

  test("joins the lines of tracestate in their order", () => {
    const context = read("tracestate: a=1,b=2", `traceparent: ${PARENT}`, "TraceState: c=3");
    expect(context?.state).toBe("a=1,b=2,c=3");
  });
});

test("traceParentOf() and traceLines() write what traceContextOf() reads", () => {
  for (const isSampled of [true, false]) {
    const lines = traceLines(traceParentOf(TRACE, SPAN, isSampled), "a=b");
    const sent = lines.split("\r\n").slice(0, -1);
    expect(read(...sent)).toEqual({ traceId: TRACE, parentId: SPAN, isSampled, state: "a=b" });
  }
  expect(traceLines(PARENT, "")).toBe(`traceparent: ${PARENT}\r\n`);
});
