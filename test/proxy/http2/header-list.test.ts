import { describe, expect, test } from "vitest";
import { headerField } from "../../../proxy/http2/header-field.ts";
import { HeaderList } from "../../../proxy/http2/header-list.ts";

/** `x: ` with so many bytes as RFC 9113 section 6.5.2 counts them, from 33 on. */
const fieldOf = (bytes: number): ReturnType<typeof headerField> =>
  headerField("x", "v".repeat(bytes - 33));

describe("HeaderList", () => {
  test("keeps fields in order, until the next block", () => {
    const list = new HeaderList(1_000, 10);
    for (const value of ["1", "2"]) expect(list.add(headerField("a", value))).toBe(true);
    expect([list.lines, list.bytes, list.at(1).value]).toEqual(["a: 1\r\na: 2\r\n", 68, "2"]);
    list.clear();
    expect([list.count, list.bytes, list.lines]).toEqual([0, 0, ""]);
    list.add(headerField("b", "3"));
    expect(list.lines).toBe("b: 3\r\n");
  });

  test("leaves out what is over its size, and says so", () => {
    const list = new HeaderList(100, 10);
    list.add(fieldOf(60));
    list.add(fieldOf(40));
    expect([list.count, list.tooLarge]).toEqual([2, false]);
    list.add(fieldOf(33));
    expect([list.count, list.tooLarge, list.tooMany, list.bytes]).toEqual([2, true, false, 133]);
    list.clear();
    expect(list.tooLarge).toBe(false);
  });

  test("leaves out what is over its number of fields, and says so", () => {
    const list = new HeaderList(1_000, 2);
    for (let count = 0; count < 3; count += 1) list.add(fieldOf(33));
    expect([list.count, list.tooMany, list.tooLarge]).toEqual([2, true, false]);
    list.clear();
    expect(list.tooMany).toBe(false);
  });

  test("gives up on a list that is eight times too large", () => {
    const list = new HeaderList(100, 100);
    expect(list.add(fieldOf(800))).toBe(true);
    expect(list.add(fieldOf(33))).toBe(false);
  });
});
