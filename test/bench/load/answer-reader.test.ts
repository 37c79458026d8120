import { describe, expect, test } from "vitest";
import { AnswerReader } from "../../../bench/load/answer-reader.ts";

const ANSWER = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

function take(reader: AnswerReader, text: string): boolean {
  return reader.take(Buffer.from(text));
}

describe("AnswerReader.take()", () => {
  test("finds the end of an answer wherever it is cut", () => {
    for (let cut = 1; cut < ANSWER.length; cut += 1) {
      const reader = new AnswerReader();
      expect(take(reader, ANSWER.slice(0, cut))).toBe(false);
      expect(take(reader, ANSWER.slice(cut))).toBe(true);
      expect(reader.status).toBe(200);
    }
  });

  test("reads one answer after the other", () => {
    const reader = new AnswerReader();
    expect(take(reader, ANSWER)).toBe(true);
    expect(take(reader, "HTTP/1.1 503 No\r\ncontent-length:0\r\n\r\n")).toBe(true);
    expect(reader.status).toBe(503);
    expect(take(reader, ANSWER)).toBe(true);
    expect(reader.status).toBe(200);
  });

  test.each([
    ["no length", "HTTP/1.1 200 OK\r\nX: 1\r\n\r\n"],
    ["bytes behind its end", `${ANSWER}!`],
    ["a head without end", "x".repeat(20_000)],
  ])("refuses %s", (_what, text) => {
    expect(() => take(new AnswerReader(), text)).toThrow(SyntaxError);
  });
});
