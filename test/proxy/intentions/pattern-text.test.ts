import { describe, expect, test } from "vitest";
import { PatternError, PatternText } from "../../../proxy/intentions/pattern-text.ts";

describe("PatternText", () => {
  test("is read from left to right", () => {
    const text = new PatternText("ab12]");
    expect([text.next, text.take(), text.next]).toEqual(["a", "a", "b"]);
    expect([text.takes("x"), text.takes("b1"), text.next]).toEqual([false, true, "2"]);
    expect(text.takeMatch(/^[a-z]+/)).toBeUndefined();
    expect([text.takeMatch(/^\d+/)?.[0], text.atEnd]).toEqual(["2", false]);
    expect([text.take(), text.atEnd, text.next]).toEqual(["]", true, ""]);
    expect(() => text.take()).toThrow("it ends too soon");
  });

  test("says in each error which pattern it is about", () => {
    const text = new PatternText('a"b');
    expect(() => text.fail("found b")).toThrow(PatternError);
    expect(() => text.fail("found b")).toThrow('Cannot use pattern "a\\"b": found b');
  });

  test("has at most 1024 characters, all of them ASCII", () => {
    expect(new PatternText("\u007f".repeat(1_024)).atEnd).toBe(false);
    expect(() => new PatternText("a".repeat(1_025))).toThrow("wanted at most 1024 characters");
    expect(() => new PatternText("caf\u00e9")).toThrow("wanted ASCII; \\xE9 stands for a byte");
  });
});
