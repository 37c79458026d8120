import { expect, test } from "vitest";
import { AMBIGUOUS, Field, fieldKind } from "../../../proxy/http1/field-names.ts";

function kindOf(name: string): number {
  const bytes = Buffer.from(`<${name}>`, "latin1");
  return fieldKind(bytes, 1, bytes.length - 1);
}

test.each([
  ["Host", Field.host],
  ["CONTENT-LENGTH", Field.contentLength],
  ["x-forwarded-for", Field.xForwardedFor],
  ["X-Forwarded-Client-Cert", Field.clientCert],
  ["TraceParent", Field.trace],
  ["tracestate", Field.trace],
  ["HTTP2-Settings", Field.named],
  ["x-forwarded-", Field.other],
  ["hostt", Field.other],
  ["cost", Field.other],
  ["__proto__", Field.other],
  ["a".repeat(200), Field.other],
])("fieldKind(%j) is %i, in any case", (name, kind) => {
  expect([kindOf(name), kindOf(name.toLowerCase()), kindOf(name.toUpperCase())]).toEqual([
    kind,
    kind,
    kind,
  ]);
});

test.each(["Content_Length", "transfer_encoding", "X_Forwarded-For", "x_forwarded_anything"])(
  "fieldKind(%j) is AMBIGUOUS: gateways read it as a field that we rely on",
  (name) => {
    expect(kindOf(name)).toBe(AMBIGUOUS);
  },
);

test.each(["keep_alive", "max_forwards", "sec_websocket_key"])(
  "fieldKind(%j) is none: nobody relies on that spelling",
  (name) => {
    expect(kindOf(name)).toBe(Field.other);
  },
);
