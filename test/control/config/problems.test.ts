import { expect, test } from "vitest";
import { z } from "zod";
import { obstaclesIn, pathText, readBy } from "../../../control/config/problems.ts";
import { problemText } from "../../../control/base/errors.ts";

/** Everything that is wrong with a document, as people read it. */
function wrongIn(schema: z.ZodType, document: unknown): readonly string[] {
  const result = readBy(schema, document);
  return result.kind === "read" ? [] : result.problems.map(problemText);
}

test.each([
  [[], ""],
  [["a", "b-c", "d_1"], "a.b-c.d_1"],
  [["a", 0, "b"], "a[0].b"],
  [[0, 1], "[0][1]"],
  [["a.b", "c d", ""], '["a.b"]["c d"][""]'],
])("pathText(%j) is %j", (path, text) => {
  expect(pathText(path)).toBe(text);
});

test("readBy() gives what the schema makes of a document", () => {
  const schema = z.object({ a: z.string().transform(Number) });
  expect(readBy(schema, { a: "7" })).toEqual({ kind: "read", value: { a: 7 } });
});

test.each([
  [z.string(), 7, "wanted a text, found 7"],
  [z.boolean(), "yes", 'wanted true or false, found "yes"'],
  [z.object({}), null, "wanted an object, found nothing"],
  [z.array(z.string()), {}, "wanted a list, found an object"],
  [z.number(), [1, 2], "wanted a number, found a list of 2"],
  [z.enum(["a", "b"]), "c", 'wanted one of a, b, found "c"'],
  [z.string(), true, "wanted a text, found true"],
])("readBy() says in our words what %# is not", (schema, document, text) => {
  expect(wrongIn(schema, document)).toEqual([text]);
});

test("readBy() says where in the file a problem is, when that is known", () => {
  const place = (path: readonly PropertyKey[]): { line: number; column: number } => ({
    line: 3,
    column: path.length,
  });
  expect(readBy(z.object({ a: z.string() }), {}, { place })).toEqual({
    kind: "wrong",
    problems: [{ path: "a", wanted: "a text", found: "nothing", line: 3, column: 1 }],
  });
});

test("readBy() quotes what was written, not what a variable put there", () => {
  const written = { a: "${SECRET}" };
  expect(readBy(z.object({ a: z.number() }), { a: "hush" }, { written })).toMatchObject({
    problems: [{ found: '"${SECRET}"' }],
  });
});

test.each([
  ["token", "hush", "a hidden value"],
  ["adminPassword", 12_345, "a hidden value"],
  ["key", ["hush"], "a list of 1"],
  ["url", "http://user:hush@host/x//y:z@w/", '"http://…@host/x//…@w/"'],
  ["url", "http://host/path", '"http://host/path"'],
])("readBy() shows no secret: %s %j as %s", (key, value, found) => {
  const schema = z.object({ [key]: z.boolean() });
  expect(wrongIn(schema, { [key]: value })).toEqual([
    `${key}: wanted true or false, found ${found}`,
  ]);
});

test("readBy() hides what stands in a list under a secret key", () => {
  const schema = z.object({ tokens: z.array(z.boolean()) });
  expect(wrongIn(schema, { tokens: ["hush"] })).toEqual([
    "tokens[0]: wanted true or false, found a hidden value",
  ]);
});

test("readBy() refuses the key __proto__ wherever it stands, and sets no prototype by it", () => {
  const schema = z.record(z.string(), z.unknown());
  const document: unknown = JSON.parse('{"a":[{"__proto__":{"admin":true}}]}');
  expect(wrongIn(schema, document)).toEqual([
    "a[0].__proto__: wanted another key, found a key reserved by JavaScript",
  ]);
  expect({}).not.toHaveProperty("admin");
});

test("readBy() says the same of one place once", () => {
  const positive = { error: "a number above 0" };
  const schema = z
    .number()
    .min(1, positive)
    .refine((value) => value > 0, positive);
  expect(wrongIn(schema, -1)).toEqual(["wanted a number above 0, found -1"]);
});

test("readBy() takes what a check of ours says it found", () => {
  const schema = z.string().superRefine((_text, context) => {
    context.addIssue({ code: "custom", message: "another", params: { found: "this one again" } });
  });
  expect(wrongIn(schema, "x")).toEqual(["wanted another, found this one again"]);
});

test("readBy() says one thing that is wrong where hundreds of thousands may be", () => {
  const schema = z.object({ list: z.array(z.number()) });
  expect(wrongIn(schema, { list: Array(900).fill("x") })).toHaveLength(100);
  expect(wrongIn(schema, { list: Array(9_000).fill("x") })).toEqual([
    'list[0]: wanted a number, found "x"',
  ]);
  expect(wrongIn(schema, { list: Array(900_000).fill("x") })).toEqual([
    "wanted at most 131072 values in all, found more",
  ]);
});

test("obstaclesIn() finds what no schema may see", () => {
  expect(obstaclesIn({ a: 1 })).toEqual([]);
  expect(obstaclesIn(JSON.parse(`${"[".repeat(100_000)}${"]".repeat(100_000)}`))).toHaveLength(1);
});
