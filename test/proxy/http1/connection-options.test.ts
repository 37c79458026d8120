import { expect, test } from "vitest";
import { ConnectionOptions } from "../../../proxy/http1/connection-options.ts";
import { Field } from "../../../proxy/http1/field-names.ts";
import { CONNECTION_OPTIONS_MAX } from "../../../proxy/http1/limits.ts";
import { fieldsOf } from "./fields-fixture.ts";

/** Whether the lines are fine, what they ask for, and which fields they name. */
function read(...lines: readonly string[]): readonly [boolean, string, string] {
  const { fields, bytes } = fieldsOf(...lines);
  const options = new ConnectionOptions();
  const isFine = options.read(fields, bytes, 0);
  const asked = ["close", "keepAlive", "upgrade"] as const;
  const named = lines.filter((_, index) => fields.kind(index) === Field.named);
  return [isFine, asked.filter((each) => options[each]).join(), named.join()];
}

test.each([
  [["X: 1"], ""],
  [["Connection: CLOSE"], "close"],
  [["Connection: keep-alive,\tUpgrade"], "keepAlive,upgrade"],
  [["Connection: ,,", "Connection: close"], "close"],
  [["Proxy-Connection: Keep-Alive"], ""],
  [["Proxy-Connection: whatever"], "close"],
])("ConnectionOptions of %j are %j", (lines, asked) => {
  expect(read(...lines)).toEqual([true, asked, ""]);
});

test("ConnectionOptions.read() marks every line of a named field, in any case", () => {
  const lines = ["X-Hop: 1", "Connection: x-HOP", "x-hop: 2", "X-Hop-2: 3"];
  expect(read(...lines)).toEqual([true, "", "X-Hop: 1,x-hop: 2"]);
});

test.each([
  ["a b", ""],
  ["a;b", ""],
  ["@", ""],
  ['x"', ""],
  ["keep-alive Te", ""],
  ["Keep-Alive; timeout=5", ""],
  ["Keep-Alive; timeout=5, upgrade", "upgrade"],
  ["upgrade x, keep-alive", "keepAlive"],
  ["close x", "close"],
  ["Close;y=1, a b", "close"],
  ['"a, close, b"', "close"],
])("ConnectionOptions ignores of %j what is no token", (option, asked) => {
  const others = ["A: 1", "B: 1", "X: 1", "Y: 1"];
  expect(read(`Connection: ${option}`, ...others)).toEqual([true, asked, ""]);
});

test("ConnectionOptions takes as many options as there may be, over all lines, and no more", () => {
  const half = Array.from({ length: CONNECTION_OPTIONS_MAX / 2 }, (_, at) => `x${at}`).join();
  expect(read(`Connection: ${half}`, `Connection: ${half}`)[0]).toBe(true);
  expect(read(`Connection: ${half}`, `Connection: ${half},y`)[0]).toBe(false);
});

test("ConnectionOptions knows nothing any more of the head before", () => {
  const options = new ConnectionOptions();
  const first = fieldsOf("Connection: close, host, upgrade");
  options.read(first.fields, first.bytes, 0);
  expect([options.close, options.protectedNamesIgnored]).toEqual([true, 1]);
  const second = fieldsOf("Host: a");
  options.read(second.fields, second.bytes, 0);
  expect([options.close, options.upgrade, options.protectedNamesIgnored]).toEqual([
    false,
    false,
    0,
  ]);
});
