import * as fc from "fast-check";
import { expect, test } from "vitest";
import { canonicalJson } from "../../../control/records/canonical-json.ts";

test.each([
  [{ b: 1, a: [true, null, "x"] }, '{"a":[true,null,"x"],"b":1}'],
  [{ a: undefined, b: { d: 1, c: 2 } }, '{"b":{"c":2,"d":1}}'],
  // RFC 8785 section 3.2.3: the order of UTF-16 code units.
  [
    { "€": 1, "\r": 2, "\ufb33": 3, "1": 4, "😀": 5, "\u0080": 6, ö: 7 },
    '{"\\r":2,"1":4,"\u0080":6,"ö":7,"€":1,"😀":5,"\ufb33":3}',
  ],
  ["x", '"x"'],
])("canonicalJson() writes %j as %s", (value, text) => {
  expect(canonicalJson(value)).toBe(text);
});

test("canonicalJson() is JSON of the same value, and the same for any order of keys", () => {
  const value = fc.jsonValue({ maxDepth: 4 }).map((each) => JSON.parse(JSON.stringify(each)));
  fc.assert(
    fc.property(value, (each: unknown) => {
      expect(JSON.parse(canonicalJson(each))).toStrictEqual(each);
      expect(canonicalJson(reversed(each))).toBe(canonicalJson(each));
    }),
    { seed: 3 },
  );
});

function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([key, inner]) => [key, reversed(inner)] as const);
  return Object.fromEntries(entries.toReversed());
}
