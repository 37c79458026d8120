import { expect, test } from "vitest";
import { RequestHead } from "../../../proxy/http1/request-head.ts";
import { TOLERATED, intolerable } from "../../../proxy/table/tolerance.ts";

function parse(text: string): RequestHead {
  const bytes = Buffer.from(text, "latin1");
  const head = new RequestHead();
  head.reset();
  head.parse(bytes, 0, bytes.length);
  return head;
}

const get = (fields: string): string => `GET / HTTP/1.1\r\nHost: a\r\n${fields}\r\n\r\n`;
const post = (fields: string): string => `POST / HTTP/1.1\r\nHost: a\r\n${fields}\r\n\r\n`;
const KEYED = "Connection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n";

test.each([
  ["raw-utf8-target", "GET /caf\u00c3\u00a9 HTTP/1.1\r\nHost: a\r\n\r\n"],
  ["raw-utf8-target", "GET /?a=\u00e2\u0082\u00ac HTTP/1.1\r\nHost: a\r\n\r\n"],
  ["websocket-key", get(`${KEYED}Sec-WebSocket-Key: MDEyMzQ1Njc=`)],
  ["websocket-key", get(`${KEYED}Sec-WebSocket-Key: ${"a".repeat(43)}=`)],
  ["equal-content-length-twice", post("Content-Length: 5\r\ncontent-length: 5")],
  ["equal-content-length-twice", post("Content-Length: 5 , 5\r\nContent-Length: 5")],
] as const)(
  "RequestHead.parse() leaves it to the service whether it tolerates %s: %j",
  (name, text) => {
    const head = parse(text);
    expect([head.refusal, intolerable(head.violations, 0)]).toEqual([undefined, name]);
    expect(intolerable(head.violations, TOLERATED[name])).toBeUndefined();
    expect(parse(get("X: 1")).violations).toBe(0);
  },
);

test("RequestHead.parse() never takes what is not UTF-8 in a target", () => {
  for (const bytes of [
    "\u00e9",
    "\u00c0\u00af",
    "\u00ed\u00a0\u0080",
    "\u00f4\u0090\u0080\u0080",
  ]) {
    expect(parse(`GET /${bytes} HTTP/1.1\r\nHost: a\r\n\r\n`).refusal?.reason).toBe(
      "target-invalid",
    );
  }
});
