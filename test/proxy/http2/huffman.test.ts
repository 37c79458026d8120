import fc from "fast-check";
import { expect, test } from "vitest";
import { huffmanDecode, huffmanEncode, huffmanLength } from "../../../proxy/http2/huffman.ts";

const INTO = Buffer.alloc(4096);
const latin1Text = fc.uint8Array({ maxLength: 600 }).map((bytes) => Buffer.from(bytes));

function decoded(encoded: Buffer): string | undefined {
  const length = huffmanDecode(encoded, 0, encoded.length, INTO);
  return length === -1 ? undefined : INTO.toString("latin1", 0, length);
}

// RFC 7541 appendix C.4 and C.6.
test.each([
  ["www.example.com", "f1e3c2e5f23a6ba0ab90f4ff"],
  ["no-cache", "a8eb10649cbf"],
  ["302", "6402"],
  ["Mon, 21 Oct 2013 20:13:21 GMT", "d07abe941054d444a8200595040b8166e082a62d1bff"],
])("huffmanEncode() writes %s as RFC 7541 does", (text, hex) => {
  expect(Buffer.from(huffmanEncode(text), "latin1").toString("hex")).toBe(hex);
  expect(decoded(Buffer.from(hex, "hex"))).toBe(text);
});

test("huffmanDecode() gives back all bytes that huffmanEncode() was given", () => {
  fc.assert(
    fc.property(latin1Text, (bytes) => {
      const text = bytes.toString("latin1");
      const encoded = Buffer.from(huffmanEncode(text), "latin1");
      expect(encoded).toHaveLength(huffmanLength(text));
      expect(decoded(encoded)).toBe(text);
    }),
    { seed: 7541 },
  );
});

test("huffmanDecode() takes nothing that huffmanEncode() would not have written", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      const encoded = Buffer.from(bytes);
      const text = decoded(encoded);
      if (text === undefined) return;
      expect(Buffer.from(huffmanEncode(text), "latin1")).toEqual(encoded);
    }),
    { seed: 7541, numRuns: 500 },
  );
});
