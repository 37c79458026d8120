import { expect, test } from "vitest";
import { FieldLines } from "../../../proxy/http1/field-lines.ts";
import { FieldReader } from "../../../proxy/http1/field-reader.ts";
import { MORE, REFUSED } from "../../../proxy/http1/limits.ts";

const TEXT = "Host:  a\r\nX:\r\nY: \t1, 2\t \r\n\r\n";

test("FieldReader reads on where it stopped, though the bytes have moved in between", () => {
  for (let cut = 0; cut < TEXT.length; cut += 1) {
    const fields = new FieldLines();
    const reader = new FieldReader(fields);
    reader.begin(0);
    expect(reader.read(Buffer.from(TEXT, "latin1"), 0, cut)).toBe(MORE);
    const moved = Buffer.from(`<<<${TEXT}`, "latin1");
    expect(reader.read(moved, 3, moved.length)).toBe(TEXT.length);
    fields.keepText(moved, 3, TEXT.length);
    const read = Array.from({ length: fields.count }, (_, at) => [
      fields.name(at),
      fields.value(at),
    ]);
    expect(read).toEqual([
      ["Host", "a"],
      ["X", ""],
      ["Y", "1, 2"],
    ]);
  }
});

test("FieldReader.begin() begins a section in the same lines, without the last refusal", () => {
  const fields = new FieldLines();
  const reader = new FieldReader(fields);
  const bytes = Buffer.from("A: 1\r\nB : 2\r\n\r\nC: 3\r\n\r\n", "latin1");
  reader.begin(0);
  expect(reader.read(bytes, 0, bytes.length)).toBe(REFUSED);
  expect([reader.refusal?.reason, fields.count]).toEqual(["field-name-invalid", 1]);
  reader.begin(15);
  expect(reader.read(bytes, 0, bytes.length)).toBe(bytes.length);
  expect([reader.refusal, fields.count, fields.start, fields.end]).toEqual([undefined, 1, 15, 21]);
});
