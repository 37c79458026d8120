import { expect, test } from "vitest";
import { z } from "zod";
import * as parts from "../../../control/config/schema-parts.ts";

/** What was wanted of a value, or `taken`. */
function verdict(schema: z.ZodType, value: unknown): string {
  const { error } = schema.safeParse(value);
  return error === undefined ? "taken" : error.issues.map(({ message }) => message).join("; ");
}

test("strict() names the keys that there are", () => {
  const schema = parts.strict({ a: z.string(), b: z.string().optional() });
  expect(verdict(schema, { a: "" })).toBe("taken");
  expect(verdict(schema, { a: "", x: 1 })).toBe("one of the keys a, b");
});

test("named() takes any keys of a kind, and only so many", () => {
  const schema = parts.named(parts.name, z.int(), 2);
  expect(schema.parse({ constructor: 1, toString: 2 })).toEqual({ constructor: 1, toString: 2 });
  expect(verdict(schema, { a: 1, b: 2, c: 3 })).toBe("at most 2 keys");
});

test("list() takes only so many values", () => {
  expect(verdict(parts.list(z.int(), 2), [1, 2])).toBe("taken");
  expect(verdict(parts.list(z.int(), 2), [1, 2, 3])).toBe("a list of at most 2");
});

test.each([1, 9])("whole() takes its bound %d", (value) => {
  expect(verdict(parts.whole(1, 9), value)).toBe("taken");
});

test.each([0, 10, 1.5, "5", NaN, Infinity, null])("whole() refuses %j in one way", (value) => {
  expect(verdict(parts.whole(1, 9), value)).toMatch(/^(?:a whole number from 1 to 9(?:; |$))+$/);
});

test.each([
  ["250ms", 250],
  [0, 0],
  ["10m", 600_000],
])("duration reads %j as %d ms", (written, ms) => {
  expect(parts.duration.parse(written)).toBe(ms);
});

test("durationFrom() says its least duration as people write it", () => {
  const schema = parts.durationFrom(1_000, "1s");
  expect(schema.parse("1s")).toBe(1_000);
  expect(verdict(schema, "999ms")).toBe("a duration of at least 1s");
});

test.each([
  ["v1", true],
  ["1a", true],
  ["constructor", true],
  ["a.b_c-d", true],
  ["x".repeat(63), true],
  ["x".repeat(64), false],
  ["1", false],
  ["-a", false],
  ["a/b", false],
  ["ä", false],
  ["", false],
])("name takes %j: %s", (name, fits) => {
  expect(parts.name.safeParse(name).success).toBe(fits);
});

test.each([
  ["x-beta", true],
  ["a!#$%&'*+.^_`|~-9", true],
  ["a b", false],
  ["a:b", false],
  ["", false],
  ["x".repeat(65), false],
])("token takes %j: %s", (token, fits) => {
  expect(parts.token.safeParse(token).success).toBe(fits);
});

test.each([
  ["", true],
  ["a b\tc", true],
  [" a", false],
  ["a ", false],
  ["a\r\nb: c", false],
  ["ä", false],
])("fieldValue takes %j: %s", (value, fits) => {
  expect(parts.fieldValue.safeParse(value).success).toBe(fits);
});

test.each([
  ["Web.Internal", "web.internal"],
  ["*.Web", "*.web"],
])("hostPattern reads %j as %j", (written, host) => {
  expect(parts.hostPattern.parse(written)).toBe(host);
});

test.each(["*", "*.", "a.*", "**.a", "a:80", ""])("hostPattern refuses %j", (written) => {
  expect(verdict(parts.hostPattern, written)).toMatch(/^a host without port/);
});

test("text is neither empty nor endless", () => {
  expect(verdict(parts.text, "")).toBe("a text that is not empty");
  expect(verdict(parts.text, "x".repeat(4_097))).toBe("a text of at most 4096 characters");
});
