import { expect, test } from "vitest";
import { cookieIs, cookieValue } from "../../../proxy/table/cookie.ts";

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

test.each(cases)("cookieIs(%j, %j, …) agrees: %j", (field, name, value) => {
  const wanted = ["", "1", "a=b", '"1"', "1 ", "10"];
  expect(wanted.filter((text) => cookieIs(field, name, text))).toEqual(
    wanted.filter((text) => text === value),
  );
});
