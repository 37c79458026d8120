import { expect, test } from "vitest";
import { listHas, viaNames } from "../../../proxy/http1/list.ts";

test.each([
  ["trailers", true],
  ["gzip;q=0.5, Trailers ;x=y", true],
  [",, trailers", true],
  ["trailers-2, xtrailers", false],
  ["gzip;trailers", false],
  ["", false],
])("listHas(%j, trailers) is %s", (value, expected) => {
  expect(listHas(value, "trailers")).toBe(expected);
});

test.each([
  ["1.1 sluice", true],
  ["1.0 a,HTTP/1.1\tsluice (comment)", true],
  ["1.1 a (sluice)", false],
  ["1.1 sluice-2, 1.1 my.sluice", false],
  ["sluice 1.1", false],
])("viaNames(%j, sluice) is %s", (value, expected) => {
  expect(viaNames(value, "sluice")).toBe(expected);
});
