import { describe, expect, test } from "vitest";
import {
  errorResponse,
  optionsResponse,
  ownResponse,
  refusalResponse,
  statusOf,
} from "../../../proxy/exchange/respond.ts";
import { answerText } from "../../../proxy/http1/own-answer.ts";
import type { ProxyError } from "../../../proxy/exchange/respond.ts";
import { REFUSALS } from "../../../proxy/http1/refusal.ts";
import { ResponseHead } from "../../../proxy/http1/response-head.ts";

/*
 * Goal: whatever goes wrong, the client gets one whole, valid response that says what to do next.
 * Method: every response there is, read again by the parser that reads those of endpoints.
 */

const OPTIONS = { close: false, head: false, date: "Thu, 01 Jan 2026 00:00:00 GMT" };
const CLOSING = { ...OPTIONS, close: true };

/** Who may be told to come back: those whose fault passes by itself. */
const COMES_BACK: Readonly<Record<ProxyError, boolean>> = {
  "no-service": false,
  "no-endpoint": true,
  "taken-away": true,
  "session-unreadable": false,
  overloaded: true,
  "queue-full": true,
  "local-fault": true,
  "connect-refused": false,
  "connect-unreachable": false,
  "connect-timeout": false,
  reset: false,
  "response-timeout": false,
  "exchange-timeout": false,
  "deadline-exceeded": false,
  "response-invalid": false,
  "upgrade-invalid": false,
  "upgrade-unknown": false,
  loop: false,
  "intention-denied": false,
  "rate-limited": false,
  "filter-failed": false,
  "tls-alert": false,
  "tls-certificate-expired": false,
  "tls-certificate-invalid": false,
  "tls-certificate-too-long": false,
  "tls-certificate-untrusted": false,
  "tls-certificate-wrong-name": false,
  "tls-protocol": false,
  "tls-refused": false,
  "tls-unconfigured": true,
  "http2-refused": false,
  "stream-refused": false,
  "too-many-connections": true,
};
const ERRORS = Object.keys(COMES_BACK) as readonly ProxyError[];

type Read = {
  readonly head: ResponseHead;
  readonly statusLine: string;
  readonly body: string;
};

/** Reads a response as its client would. `text` is latin1, as it is written. */
function read(text: string): Read {
  const bytes = Buffer.from(text, "latin1");
  const head = new ResponseHead();
  head.reset();
  const length = head.parse(bytes, 0, bytes.length);
  expect(length).toBe(text.indexOf("\r\n\r\n") + 4);
  const [statusLine = ""] = text.split("\r\n", 1);
  return { head, statusLine, body: bytes.toString("latin1", length) };
}

/** Every response of ours with a text, by what it answers. */
function texts(options: typeof OPTIONS): Map<string, string> {
  const errors = ERRORS.map((error) => [error, answerText(errorResponse(error, options))] as const);
  const refusals = Object.values(REFUSALS).map(
    (refusal) => [refusal.reason, answerText(refusalResponse(refusal, options))] as const,
  );
  return new Map([...errors, ...refusals]);
}

describe("errorResponse() and refusalResponse()", () => {
  test("give every error and refusal a dated text of exactly the length that is announced", () => {
    for (const [, text] of texts(OPTIONS)) {
      const { head, body } = read(text);
      expect(head.header("content-length")).toBe(String(body.length));
      expect(head.header("content-type")).toBe("text/plain");
      expect(head.header("date")).toBe(OPTIONS.date);
      expect(body).toMatch(/^[ -~]+\n$/);
    }
  });

  test("name every status by its own phrase, as a person reads it in a log", () => {
    for (const [what, text] of texts(OPTIONS)) {
      expect([what, read(text).statusLine]).toEqual([
        what,
        expect.stringMatching(/^HTTP\/1\.1 [45]\d\d [A-Z]/),
      ]);
      expect([what, read(text).statusLine.endsWith(" Error")]).toEqual([what, false]);
    }
  });

  test("tell HEAD the same fields, and send it no byte of the body", () => {
    const whole = texts(OPTIONS);
    for (const [what, text] of texts({ ...OPTIONS, head: true })) {
      expect(text.endsWith("\r\n\r\n")).toBe(true);
      expect(whole.get(what)?.startsWith(text)).toBe(true);
    }
  });

  test("say by Proxy-Status that the answer is ours, and of which kind", () => {
    for (const [, text] of texts(OPTIONS)) {
      expect(read(text).head.header("proxy-status")).toMatch(/^sluice; error=[a-z_]+$/);
    }
    const refused = read(answerText(refusalResponse(REFUSALS["host-missing"], OPTIONS)));
    expect(refused.head.header("proxy-status")).toBe("sluice; error=http_request_error");
  });
});

describe("errorResponse()", () => {
  test.each(ERRORS)("answers %s with its status, and says when to come back", (error) => {
    const { head } = read(answerText(errorResponse(error, OPTIONS)));
    expect(head.status).toBe(statusOf(error));
    expect(head.header("retry-after") !== undefined).toBe(COMES_BACK[error]);
  });

  test("blames the client only for a Host that nobody has, and for what it may not", () => {
    const blamed = ERRORS.filter((error) => statusOf(error) < 500);
    expect(blamed).toEqual(["no-service", "intention-denied", "rate-limited"]);
  });

  test("announces the close of the connection only when there is one", () => {
    expect(read(answerText(errorResponse("reset", OPTIONS))).head.keepAlive).toBe(true);
    expect(read(answerText(errorResponse("reset", CLOSING))).head.keepAlive).toBe(false);
  });
});

describe("refusalResponse()", () => {
  test("names the rule that was broken, and always closes", () => {
    for (const refusal of Object.values(REFUSALS)) {
      const { head, body } = read(answerText(refusalResponse(refusal, OPTIONS)));
      expect([head.status, head.keepAlive]).toEqual([refusal.status, false]);
      expect(body).toContain(refusal.reason);
    }
  });

  test("tells a client what it may do instead: methods with a 405, WebSocket 13 with a 426", () => {
    const method = read(answerText(refusalResponse(REFUSALS["method-refused"], OPTIONS))).head;
    expect(method.header("allow")).toContain("GET");
    const text = answerText(refusalResponse(REFUSALS["websocket-version"], OPTIONS));
    expect(text).toContain("\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n");
    expect(text).toContain("\r\nConnection: close, Upgrade\r\n");
  });
});

describe("optionsResponse()", () => {
  test("lists the methods that a 405 lists, in an answer without a body", () => {
    const { head, body } = read(answerText(optionsResponse(OPTIONS)));
    const refused = read(answerText(refusalResponse(REFUSALS["method-refused"], OPTIONS))).head;
    expect([head.status, head.header("content-length"), body]).toEqual([204, undefined, ""]);
    expect(head.header("allow")).toBe(refused.header("allow"));
    expect(read(answerText(optionsResponse(CLOSING))).head.keepAlive).toBe(false);
  });
});

describe("ownResponse()", () => {
  const answer = { status: 200, fields: "X-A: 1\r\n", body: "\u00c3\u00a9" };

  test("sends a filter's fields and its body byte for byte", () => {
    const { head, statusLine, body } = read(answerText(ownResponse(answer, OPTIONS)));
    expect(statusLine).toBe("HTTP/1.1 200 OK");
    expect([head.header("x-a"), head.header("content-length")]).toEqual(["1", "2"]);
    expect(body).toBe(answer.body);
  });

  test("tells HEAD the length of a body that it does not send", () => {
    const { head, body } = read(answerText(ownResponse(answer, { ...OPTIONS, head: true })));
    expect([head.header("content-length"), body]).toEqual(["2", ""]);
  });

  test.each([204, 304])("sends %i without a length, which would announce a body", (status) => {
    const { head } = read(answerText(ownResponse({ ...answer, status, body: "" }, CLOSING)));
    expect([head.header("content-length"), head.keepAlive]).toEqual([undefined, false]);
  });

  test("keeps a status line whole whose status has no phrase here", () => {
    expect(read(answerText(ownResponse({ ...answer, status: 299 }, OPTIONS))).statusLine).toBe(
      "HTTP/1.1 299 ",
    );
  });
});
