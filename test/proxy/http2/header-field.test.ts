import { expect, test } from "vitest";
import { HeaderField, headerField } from "../../../proxy/http2/header-field.ts";

test("HeaderField knows of itself what its name and value say", () => {
  const length = headerField("content-length", "42");
  expect(length).toMatchObject({ name: "content-length", value: "42", number: 42 });
  // RFC 7541 section 4.1.
  expect([length.bytes, length.fault]).toEqual([14 + 2 + 32, undefined]);
  expect(headerField("connection", "close").fault?.reason).toBe("h2-connection-field");
});

test("HeaderField keeps each byte of its value, and nothing of what is around it", () => {
  const bytes = Buffer.from("..\u00e9\u00ff..", "latin1");
  const field = new HeaderField("x-a", 0, bytes, 2, 4);
  bytes.fill(0);
  expect([field.value, field.bytes]).toEqual(["\u00e9\u00ff", 3 + 2 + 32]);
  expect(field.line).toBe("x-a: \u00e9\u00ff\r\n");
});
