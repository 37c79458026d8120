import { describe, expect, test } from "vitest";
import { decodedFields, decodedRequest, decodedResponse } from "../http1/decoded-fixture.ts";
import { ExchangeBed, FakeStream } from "./exchange-fixture.ts";

/*
 * Goal: whatever frames the two sides of an exchange have, a body arrives whole and with its end.
 * Method: each way in which a body can come, to each kind of side, cut in two.
 */

const CHUNKED = "Transfer-Encoding: chunked\r\n";

/** What a side got behind the head, where one piece of it ends, and its trailers. */
function bodyOf({ text, finished }: FakeStream): readonly [string, readonly string[]] {
  return [text.slice(text.indexOf("\r\n\r\n") + 4), finished];
}

/** What `PUT /a` sends: its fields, then its body in two pieces. */
const TEXTS = {
  length: ["Content-Length: 10\r\n", "hello", "world"],
  chunks: [CHUNKED, "5\r\nhello\r\n", "5\r\nworld\r\n0\r\nX-A: 1\r\nHost: b\r\n\r\n"],
} as const;

function put(bed: ExchangeBed, how: keyof typeof TEXTS): void {
  const [fields, first, second] = TEXTS[how];
  bed.request(`PUT /a HTTP/1.1\r\nHost: web\r\nTE: trailers\r\n${fields}\r\n${first}`);
  bed.more(second);
}

function putDecoded(bed: ExchangeBed, ...lines: readonly string[]): void {
  bed.begin(decodedRequest({ method: "PUT" }, "te: trailers", ...lines), false);
  bed.more("hello");
  bed.more("world");
  bed.finish(decodedFields("x-a: 1", "host: b"));
}

describe("a request's body", () => {
  test.each([
    ["length", true, "helloworld", [""]],
    ["length", false, "helloworld", [""]],
    ["chunks", true, "5\r\nhello\r\n5\r\nworld\r\n0\r\nX-A: 1\r\n\r\n", [""]],
    ["chunks", false, "helloworld", ["X-A: 1\r\n"]],
  ] as const)("in %s goes to a side that takes chunks (%s) as %j, then %j", (...about) => {
    const [how, takesChunks, body, finished] = about;
    const bed = new ExchangeBed();
    const upstream = new FakeStream(takesChunks);
    bed.answers.push(bed.upstream(upstream));
    put(bed, how);
    expect(bodyOf(upstream)).toEqual([body, finished]);
  });

  test.each([
    [[], "helloworld", ["x-a: 1\r\n"]],
    [["content-length: 10"], "helloworld", ["x-a: 1\r\n"]],
  ])("whose end is told, with %j, goes on as payload, and its end is told", (lines, ...body) => {
    const bed = new ExchangeBed();
    const upstream = new FakeStream();
    bed.answers.push(bed.upstream(upstream));
    putDecoded(bed, ...lines);
    expect(bodyOf(upstream)).toEqual(body);
    expect(upstream.text.includes("chunked")).toBe(lines.length === 0);
  });

  test.each(["length", "chunks"] as const)(
    "in %s is sent whole again to a side with other frames",
    (how) => {
      const bed = new ExchangeBed();
      const second = new FakeStream(false);
      bed.answers.push(bed.upstream(new FakeStream(), true), bed.upstream(second));
      put(bed, how);
      bed.user?.onUpstreamClosed(undefined);
      expect(bodyOf(second)).toEqual(["helloworld", [how === "chunks" ? "X-A: 1\r\n" : ""]]);
    },
  );

  test("goes on in the frames of the second side when that is where its middle goes", () => {
    const bed = new ExchangeBed();
    const second = new FakeStream(false);
    bed.answers.push(bed.upstream(new FakeStream(), true), bed.upstream(second));
    bed.request(`PUT /a HTTP/1.1\r\nHost: web\r\n${CHUNKED}\r\n5\r\nhe`);
    bed.user?.onUpstreamClosed(undefined);
    bed.more("llo\r\n5\r\nworld\r\n0\r\n\r\n");
    expect(bodyOf(second)).toEqual(["helloworld", [""]]);
  });

  test("is not ended for a client that leaves in its middle", () => {
    const bed = new ExchangeBed();
    const upstream = new FakeStream();
    bed.answers.push(bed.upstream(upstream));
    bed.begin(decodedRequest({ method: "PUT" }), false);
    bed.more("hello");
    bed.leave();
    expect([upstream.finished, bed.pool]).toEqual([[], ["acquire", "discard"]]);
  });
});

describe("an answer's body", () => {
  /** A client of this version that has asked, and what it then gets. */
  function asked(version: "1.0" | "1.1" | "2.0"): ExchangeBed {
    const bed = new ExchangeBed();
    bed.answers.push(bed.upstream(new FakeStream()));
    if (version === "2.0") bed.begin(decodedRequest(), true);
    else bed.request(`GET /a HTTP/${version}\r\nHost: web\r\nTE: trailers\r\n\r\n`);
    return bed;
  }

  const CHUNKS = "5\r\nhello\r\n5\r\nworld\r\n0\r\nX-A: 1\r\n\r\n";

  test.each([
    ["1.0", "helloworld", "close"],
    ["1.1", CHUNKS, "keep"],
    ["2.0", "helloworld", "keep"],
  ] as const)("in chunks goes to a client of HTTP/%s as %j", (version, body, ended) => {
    const bed = asked(version);
    bed.respond(`HTTP/1.1 200 OK\r\n${CHUNKED}\r\n5\r\nhello\r\n5\r\nwo`);
    bed.respond("rld\r\n0\r\nX-A: 1\r\n\r\n");
    const trailers = version === "1.1" ? "" : "X-A: 1\r\n";
    expect(bodyOf(bed.client)).toEqual([body, [trailers]]);
    expect(bed.ended).toEqual([ended]);
  });

  test.each([
    ["1.0", false, "close"],
    ["1.1", true, "keep"],
    ["2.0", false, "keep"],
  ] as const)("whose end is told goes to HTTP/%s, in chunks: %s", (version, isChunked, ended) => {
    const bed = asked(version);
    bed.user?.onUpstreamHead(decodedResponse(200, "date: x"), false);
    bed.user?.onUpstreamBody(Buffer.from("-hello"), 1, 6);
    bed.user?.onUpstreamBody(Buffer.from("world"), 0, 5);
    expect(bed.ended).toEqual([]);
    bed.user?.onUpstreamFinish(decodedFields("x-a: 1", "content-type: b"));
    expect(bodyOf(bed.client)).toEqual(["helloworld", ["x-a: 1\r\n"]]);
    expect(bed.client.text.includes("chunked")).toBe(isChunked);
    expect([bed.ended, bed.pool.at(-1)]).toEqual([[ended], "release"]);
  });

  test.each([
    ["1.1", [], ["content-length: 0"]],
    ["1.1", ["content-length: 0"], ["content-length: 0"]],
    ["1.1", ["content-length: 2"], ["content-length: 2"]],
  ] as const)("in HTTP/%s is announced of %j as %j", (version, lines, wanted) => {
    const isEnd = lines[0] !== "content-length: 2";
    const bed = asked(version);
    bed.user?.onUpstreamHead(decodedResponse(200, ...lines), isEnd);
    if (!isEnd) bed.user?.onUpstreamBody(Buffer.from("hi"), 0, 2);
    if (!isEnd) bed.user?.onUpstreamFinish(undefined);
    const got = bed.client.text.toLowerCase().split("\r\n");
    expect(got.filter((line) => line.startsWith("content-length"))).toEqual(wanted);
    expect([got.includes("transfer-encoding: chunked"), bed.ended]).toEqual([false, ["keep"]]);
  });

  test("follows interim heads that came decoded, as many as may come", () => {
    const bed = asked("1.1");
    bed.user?.onUpstreamHead(decodedResponse(103, "link: </a>"), false);
    expect(bed.client.text).toBe("HTTP/1.1 103 \r\nlink: </a>\r\n\r\n");
    bed.user?.onUpstreamHead(decodedResponse(204, "date: x"), true);
    expect(bed.client.text).toContain("HTTP/1.1 204 \r\ndate: x\r\n");
    expect(bed.ended).toEqual(["keep"]);
    const flooded = asked("1.1");
    for (let count = 0; count < 17; count += 1) {
      flooded.user?.onUpstreamHead(decodedResponse(103), false);
    }
    expect(flooded.client.text).toContain("HTTP/1.1 502 Bad Gateway");
  });

  test("that breaks a rule becomes a 502, however it came", () => {
    const bed = asked("2.0");
    bed.user?.onUpstreamHead(decodedResponse(200, "content-length: x"), false);
    expect(bed.client.text).toContain("HTTP/1.1 502 Bad Gateway");
    expect(bed.pool).toEqual(["acquire", "bad", "discard"]);
  });
});
