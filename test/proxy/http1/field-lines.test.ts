import { expect, test } from "vitest";
import { Field, fieldSet } from "../../../proxy/http1/field-names.ts";
import { fieldsOf } from "./fields-fixture.ts";

const LINES = ["Host: a", "X:\t1 ", "te: trailers", "x:2", "TE: gzip"] as const;

test("FieldLines know kinds, whether they come twice, and where", () => {
  const { fields } = fieldsOf(...LINES);
  expect([fields.count, fields.has(Field.te), fields.hasTwice(Field.te)]).toEqual([5, true, true]);
  expect([fields.has(Field.via), fields.hasTwice(Field.host)]).toEqual([false, false]);
  expect([
    fields.indexOf(Field.te),
    fields.indexOf(Field.te, 3),
    fields.indexOf(Field.via),
  ]).toEqual([2, 4, -1]);
});

test("FieldLines give names as sent, and values without the blanks around them", () => {
  const { fields } = fieldsOf(...LINES);
  expect([1, 3].map((index) => [fields.name(index), fields.value(index)])).toEqual([
    ["X", "1"],
    ["x", "2"],
  ]);
  expect([fields.valueOf("x", "; "), fields.valueOf("y", ", ")]).toEqual(["1; 2", undefined]);
  expect([fields.valueOfKind(Field.te), fields.valueOfKind(Field.via)]).toEqual([
    "trailers, gzip",
    undefined,
  ]);
});

test.each([
  [[Field.via], "Host: a\r\nX:\t1 \r\nte: trailers\r\nx:2\r\nTE: gzip\r\n"],
  [[Field.te], "Host: a\r\nX:\t1 \r\nx:2\r\n"],
  [[Field.host, Field.te], "X:\t1 \r\nx:2\r\n"],
  [[Field.host, Field.te, Field.other], ""],
])("FieldLines.textWithout() kinds %j is the other lines as sent", (kinds, text) => {
  const { fields } = fieldsOf(...LINES);
  expect(fields.textWithout(fieldSet(...kinds), fields.start)).toBe(text);
});

test("FieldLines.markNamed() marks lines of that name in any case, but none of a kind", () => {
  const { fields } = fieldsOf(...LINES);
  for (const name of ["X", "host"]) {
    const bytes = Buffer.from(`${LINES.join("\r\n")}\r\n\r\n${name}`, "latin1");
    fields.markNamed(bytes, 0, bytes.length - name.length, bytes.length);
  }
  const kinds = LINES.map((_, index) => fields.kind(index));
  expect(kinds).toEqual([Field.host, Field.named, Field.te, Field.named, Field.te]);
  expect(fields.has(Field.named)).toBe(true);
});

test("FieldLines.forget() leaves nothing, and what is read next is not mixed with others", () => {
  const { fields } = fieldsOf(...LINES);
  fields.forget();
  expect([fields.count, fields.text, fields.has(Field.te), fields.hasTwice(Field.te)]).toEqual([
    0,
    "",
    false,
    false,
  ]);
  const [one, other] = [fieldsOf("Via: 1.1 a", "x: 1").fields, fieldsOf("Te: b").fields];
  fields.forget();
  const again = fieldsOf(...LINES).fields;
  expect([one, other, again].map((each) => [each.value(0), each.kind(0), each.count])).toEqual([
    ["1.1 a", Field.via, 2],
    ["b", Field.te, 1],
    ["a", Field.host, 5],
  ]);
});
