import { expect, test } from "vitest";
import { listHas, loopNames } from "../../../proxy/http1/list.ts";

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
  ["sluice", true],
  ["cloud.example,\tsluice ; a=b , c", true],
  ["a; sluice", false],
  ["sluice-2, my.sluice", false],
  ["a sluice", false],
])("loopNames(%j, sluice) is %s", (value, expected) => {
  expect(loopNames(value, "sluice")).toBe(expected);
});
