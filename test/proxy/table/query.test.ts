import { array, assert, constantFrom, property } from "fast-check";
import { expect, test } from "vitest";
import { QueryPairs, queryText, queryValue } from "../../../proxy/table/query.ts";
import { WantedPairs } from "../../../proxy/table/wanted-pairs.ts";
import { request } from "./service-fixture.ts";

/** Whether QueryPairs find this value. */
function queryIs(query: string, name: string, value: string): boolean {
  const pairs = new WantedPairs(new QueryPairs());
  const wanted = pairs.want(queryText(name), queryText(value));
  pairs.want(queryText(name), queryText("another"));
  pairs.read(request(`/?${query}`));
  return pairs.fulfils([wanted]);
}

const cases: readonly (readonly [query: string, name: string, value: string | undefined])[] = [
  ["", "a", undefined],
  ["a=1", "a", "1"],
  ["a=1&a=2", "a", "1"],
  ["ba=1&a=2", "a", "2"],
  ["a", "a", ""],
  ["a&b=2", "b", "2"],
  ["&&b=2&", "b", "2"],
  ["a=b=c", "a", "b=c"],
  ["a+b=c+d", "a b", "c d"],
  ["%61=%31%2B", "a", "1+"],
  ["na%C3%AFve=%E2%82%AC", "naïve", "€"],
  ["na\u00c3\u00afve=\u00e2\u0082\u00ac+\u00c3\u00a9", "naïve", "€ é"],
  ["a=%zz%4", "a", "%zz%4"],
  ["=1", "", "1"],
  ["", "", undefined],
  ["abc=1", "ab", undefined],
];

test.each(cases)("queryValue(%j, %j) is %j", (query, name, value) => {
  expect(queryValue(query, queryText(name))).toBe(value);
});

test("queryValue() and QueryPairs read what URLSearchParams reads", () => {
  const piece = constantFrom(
    "a",
    "b",
    "=",
    "&",
    "+",
    "%",
    "%61",
    "%3D",
    "%26",
    "%c3%a9",
    "é1",
    "%4",
  );
  const query = array(piece, { maxLength: 12 }).map((parts) => parts.join("").replaceAll("é", ""));
  const name = constantFrom("a", "b", "ab", "", "é", "a b", "=");
  assert(
    property(query, name, name, (text, wanted, value) => {
      const expected = new URLSearchParams(`x&${text}`).get(wanted) ?? undefined;
      expect(queryValue(text, queryText(wanted))).toBe(expected);
      expect(queryIs(text, wanted, value)).toBe(expected === value);
    }),
    { seed: 3, numRuns: 2_000 },
  );
});
