import { expect, test } from "vitest";
import { addLine, addLines, beginLines, endLines } from "../../../proxy/http1/decoded-lines.ts";
import type { DecodedField } from "../../../proxy/http1/decoded-head.ts";
import { FieldLines } from "../../../proxy/http1/field-lines.ts";
import { Field } from "../../../proxy/http1/field-names.ts";
import { decodedFields } from "./decoded-fixture.ts";

const LIST = decodedFields("te: trailers", "x: ", "via: 1.1 a", "via: 1.1 b");

test("fields that came decoded stand in FieldLines as if they had been read", () => {
  const fields = new FieldLines();
  beginLines(fields, "GET / HTTP/1.1\r\n");
  expect(addLines(fields, LIST)).toBe(true);
  endLines(fields);
  expect(fields.text).toBe(
    "GET / HTTP/1.1\r\nte: trailers\r\nx: \r\nvia: 1.1 a\r\nvia: 1.1 b\r\n\r\n",
  );
  expect([0, 1, 2].map((index) => [fields.name(index), fields.value(index)])).toEqual([
    ["te", "trailers"],
    ["x", ""],
    ["via", "1.1 a"],
  ]);
  expect([fields.hasTwice(Field.via), fields.hasTwice(Field.te)]).toEqual([true, false]);
  expect(fields.textWithout(1 << Field.te, fields.start)).toBe(
    "x: \r\nvia: 1.1 a\r\nvia: 1.1 b\r\n",
  );
});

test("a section begins anew, and takes no more than there is room for", () => {
  const fields = new FieldLines(5);
  beginLines(fields, "");
  addLines(fields, LIST);
  beginLines(fields, "");
  expect([fields.count, fields.text, fields.has(Field.via)]).toEqual([0, "", false]);
  expect(addLines(fields, LIST)).toBe(true);
  const [one] = LIST.fields as [DecodedField];
  expect([addLine(fields, one), addLine(fields, one), addLines(fields, LIST)]).toEqual([
    true,
    false,
    false,
  ]);
  expect(fields.count).toBe(5);
});

test("what a field's sender wants in no table stays known, and changes nothing else", () => {
  const fields = new FieldLines();
  beginLines(fields, "");
  const [te, other] = LIST.fields as [DecodedField, DecodedField];
  addLine(fields, { ...te, isSensitive: true });
  addLine(fields, other);
  expect([fields.isSensitive(0), fields.isSensitive(1)]).toEqual([true, false]);
  expect([fields.kind(0), fields.indexOf(Field.te)]).toEqual([Field.te, 0]);
  beginLines(fields, "");
  addLine(fields, te);
  expect(fields.isSensitive(0)).toBe(false);
});
