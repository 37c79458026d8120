import { expect, test } from "vitest";
import { CookiePairs, cookieValue } from "../../../proxy/table/cookie.ts";
import { WantedPairs } from "../../../proxy/table/wanted-pairs.ts";
import { request } from "./service-fixture.ts";

const cases: readonly (readonly [field: string, name: string, value: string | undefined])[] = [
  ["", "sid", undefined],
  ["sid=1", "sid", "1"],
  ["a=0; sid=1; b=2", "sid", "1"],
  ["a=0;sid=1;b=2", "sid", "1"],
  ["a=0;  \tsid=1 \t; b=2", "sid", "1"],
  ["sid=1; sid=2", "sid", "1"],
  ["xsid=1; sidx=2", "sid", undefined],
  ["SID=1", "sid", undefined],
  ["a=sid=1", "sid", undefined],
  ["sid=a=b", "sid", "a=b"],
  ["sid=", "sid", ""],
  ["sid", "sid", undefined],
  ['sid="1"', "sid", '"1"'],
  [";;; sid=1", "sid", "1"],
  ["a=0;", "sid", undefined],
];

test.each(cases)("cookieValue(%j, %j) is %j", (field, name, value) => {
  expect(cookieValue(field, name)).toBe(value);
});

test.each(cases)("CookiePairs read as cookieValue() does: %j, %j", (cookie, name, value) => {
  const pairs = new WantedPairs(new CookiePairs());
  const texts = ["", "1", "a=b", '"1"', "1 ", "10"];
  const wanted = texts.map((text) => pairs.want(name, text));
  pairs.read(request("/", { cookie }));
  const fulfilled = texts.filter((_, at) => pairs.fulfils(wanted.slice(at, at + 1)));
  expect(fulfilled).toEqual(texts.filter((text) => text === value));
});
