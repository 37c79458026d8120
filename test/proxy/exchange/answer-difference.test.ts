import { expect, test } from "vitest";
import { answerDifference } from "../../../proxy/exchange/answer-difference.ts";
import { AnswerTap } from "../../../proxy/exchange/answer-tap.ts";
import { ResponseHead } from "../../../proxy/http1/response-head.ts";

const REQUEST = { method: "GET", path: "/a", atMs: 5 };
const ALL = { status: true, headers: true, body: true, ignored: ["x-build"] };

/** What a tap hears of an answer. */
function tapOf(status: string, fields: readonly string[], body: string): AnswerTap {
  const bytes = Buffer.from(
    `HTTP/1.1 ${status}\r\n${fields.map((each) => `${each}\r\n`).join("")}\r\n`,
  );
  const head = new ResponseHead();
  head.reset();
  head.parse(bytes, 0, bytes.length);
  const tap = new AnswerTap(() => undefined);
  tap.begin(head, false);
  const all = Buffer.from(body, "latin1");
  for (let at = 0; at < all.length; at += 3) tap.add(all, at, Math.min(all.length, at + 3));
  tap.end();
  return tap;
}

test("answerDifference() finds nothing in what is equal, or always differs", () => {
  const own = tapOf("200 OK", ["Date: a", "X-A: 1", "X-Build: 7", "Content-Length: 4"], "abcd");
  const copy = tapOf("200 Fine", ["x-a: 1", "x-build: 8", "date: b", "Content-Length: 4"], "abcd");
  expect(answerDifference(REQUEST, ALL, own, copy)).toBeUndefined();
});

test("answerDifference() reads bodies without their chunks", () => {
  const own = tapOf("200 OK", ["Transfer-Encoding: chunked"], "3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n");
  const copy = tapOf("200 OK", ["Content-Length: 4"], "abcd");
  expect(answerDifference(REQUEST, ALL, own, copy)).toBeUndefined();
});

test("answerDifference() says in what they differ, by names and lengths alone", () => {
  const own = tapOf("200 OK", ["X-A: secret", "X-B: 1", "Content-Length: 2"], "ab");
  const copy = tapOf("500 No", ["X-A: other", "X-C: 1", "Content-Length: 3"], "xyz");
  const found = answerDifference(REQUEST, ALL, own, copy);
  expect(found).toEqual({
    ...REQUEST,
    status: [200, 500],
    headers: ["x-a", "x-b", "x-c"],
    body: [2, 3],
  });
  expect(JSON.stringify(found)).not.toContain("secret");
  const statusAlone = { ...ALL, headers: false, body: false };
  expect(answerDifference(REQUEST, statusAlone, own, copy)).toEqual({
    ...REQUEST,
    status: [200, 500],
  });
});

test("answerDifference() of bodies that are too long knows only their lengths", () => {
  const long = "x".repeat(70_000);
  const length = `Content-Length: ${long.length}`;
  const own = tapOf("200 OK", [length], long);
  expect(own.body.length).toBeLessThanOrEqual(64 * 1024);
  const copy = tapOf("200 OK", [length], `${long.slice(1)}y`);
  expect(answerDifference(REQUEST, ALL, own, copy)).toBeUndefined();
  const shorter = tapOf("200 OK", ["Content-Length: 1"], "x");
  expect(answerDifference(REQUEST, ALL, own, shorter)?.body).toEqual([70_000, 1]);
});
