import { expect, test } from "vitest";
import { answerText } from "../../../proxy/http1/own-answer.ts";

test("answerText() is an answer as HTTP/1.1, with the phrase of its status if it has one", () => {
  const answer = {
    status: 404,
    fields: "A: 1\r\n",
    connection: "Connection: close\r\n",
    body: "b",
  };
  expect(answerText(answer)).toBe("HTTP/1.1 404 Not Found\r\nA: 1\r\nConnection: close\r\n\r\nb");
  expect(answerText({ ...answer, status: 299, connection: "" })).toBe(
    "HTTP/1.1 299 \r\nA: 1\r\n\r\nb",
  );
});
