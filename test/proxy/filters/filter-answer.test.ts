import { expect, test } from "vitest";
import { readFilterAnswer } from "../../../proxy/filters/filter-answer.ts";
import { answerText } from "../../../proxy/http1/own-answer.ts";
import { ownResponse } from "../../../proxy/exchange/respond.ts";

const OPTIONS = { close: false, head: false, date: "D" };

/** What the client gets for an answer of a filter. */
function sent(
  answer: Parameters<typeof readFilterAnswer>[0],
  options: Partial<typeof OPTIONS> = {},
): string {
  return answerText(ownResponse(readFilterAnswer(answer), { ...OPTIONS, ...options }));
}

test("an answer goes out with its length in bytes, and a type if it says none", () => {
  const lines = [
    "HTTP/1.1 403 Forbidden",
    "Date: D",
    "Content-Length: 3",
    "Content-Type: text/plain; charset=utf-8",
    "X-A: 1",
    "X-A: 2",
    "",
    Buffer.from("nö").toString("latin1"),
  ];
  expect(sent({ status: 403, headers: { "X-A": ["1", "2"] }, body: "nö" })).toBe(
    lines.join("\r\n"),
  );
});

test("an answer keeps its own type, and closes when the connection must", () => {
  const answer = { status: 200, headers: { "content-TYPE": "application/json" }, body: "{}" };
  const head =
    "HTTP/1.1 200 OK\r\nDate: D\r\nContent-Length: 2\r\ncontent-TYPE: application/json\r\n";
  expect(sent(answer)).toBe(`${head}\r\n{}`);
  expect(sent(answer, { close: true, head: true })).toBe(`${head}Connection: close\r\n\r\n`);
});

test("an answer without a body says so as its status demands", () => {
  expect(sent({ status: 204 })).toBe("HTTP/1.1 204 No Content\r\nDate: D\r\n\r\n");
  expect(sent({ status: 304 })).toBe("HTTP/1.1 304 Not Modified\r\nDate: D\r\n\r\n");
  expect(sent({ status: 299 })).toBe("HTTP/1.1 299 \r\nDate: D\r\nContent-Length: 0\r\n\r\n");
});

test.each([
  [{ status: 101 }, "wanted a status from 200 to 599, found 101"],
  [{ status: 600 }, "found 600"],
  [{ status: 200.5 }, "found 200.5"],
  [{ status: 204, body: "x" }, "wanted no body with 204, found one"],
  [{ status: 200, body: "é".repeat(32_769) }, "at most 65536 bytes, found 65538"],
  [{ status: 200, headers: { "Content-Length": "1" } }, "Cannot write header Content-Length"],
  [{ status: 200, headers: { "x-a": "1\r\nx-b: 2" } }, "Cannot write header x-a"],
  [{ status: 200, headers: { Date: "now" } }, "wanted fields without Date"],
  [{ status: 200, headers: { "x-a": "a".repeat(33_000) } }, "fields of at most 32768 bytes"],
])("no answer %#", (answer, why) => {
  expect(() => readFilterAnswer(answer)).toThrow(why);
});
