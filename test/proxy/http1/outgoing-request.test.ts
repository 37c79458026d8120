import { expect, test } from "vitest";
import { fieldSet, Field } from "../../../proxy/http1/field-names.ts";
import { OutgoingRequest } from "../../../proxy/http1/outgoing-request.ts";
import { RequestHead } from "../../../proxy/http1/request-head.ts";
import { decodedRequest } from "./decoded-fixture.ts";

const FIELDS = ["accept: */*", "x-forwarded-for: 192.0.2.7", "te: trailers"];

/** What goes upstream of a decoded request. */
function outgoing(...[request, isEnd = true]: [ReturnType<typeof decodedRequest>, boolean?]) {
  const head = new RequestHead();
  expect(head.fill(request, isEnd, "")).toBe(true);
  const made = new OutgoingRequest(head, "sluice");
  made.rewrite.clientAddress = "192.0.2.1";
  made.rewrite.requestId = "made";
  made.rewrite.namedInVia = true;
  return made;
}

const ADDED =
  "X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: web\r\n" +
  "Via: 2.0 sluice\r\nCDN-Loop: sluice\r\nX-Request-Id: made\r\n";

test("an OutgoingRequest is the same head as text and as fields", () => {
  const request = outgoing(decodedRequest({ method: "POST" }, ...FIELDS));
  expect(request.text()).toBe(
    `POST /a HTTP/1.1\r\nhost: web\r\naccept: */*\r\n${ADDED}Content-Length: 0\r\n` +
      "Connection: TE\r\nTE: trailers\r\n\r\n",
  );
  expect([request.method, request.target, request.authority]).toEqual(["POST", "/a", "web"]);
  expect(request.added).toBe(`${ADDED}Content-Length: 0\r\n`);
  const dropped = request.dropped | fieldSet(Field.host);
  expect(request.fields.textWithout(dropped, request.fields.start)).toBe("accept: */*\r\n");
  expect([request.takesTrailers, request.protocol, request.edited]).toEqual([true, "", undefined]);
});

test("an OutgoingRequest is in chunks where its body has neither those nor a length", () => {
  const told = outgoing(decodedRequest({ method: "PUT" }), false);
  expect([told.isChunked, told.text().includes("Transfer-Encoding: chunked\r\n")]).toEqual([
    true,
    true,
  ]);
  expect(told.added).not.toContain("Transfer-Encoding");
  const measured = outgoing(decodedRequest({ method: "PUT" }, "content-length: 3"), false);
  expect([measured.isChunked, measured.text().includes("chunked")]).toEqual([false, false]);
});

test("an OutgoingRequest is what a filter has made of it, until the next head", () => {
  const request = outgoing(decodedRequest());
  const before = request.text();
  request.edit("GET /a HTTP/1.1\r\nhost: web\r\nX-A: 1\r\n\r\n");
  expect(request.text()).toBe("GET /a HTTP/1.1\r\nhost: web\r\nX-A: 1\r\n\r\n");
  expect(request.edited).toBe("host: web\r\nX-A: 1\r\n");
  request.clear();
  request.rewrite.requestId = "made";
  expect([request.text(), request.edited]).toEqual([before, undefined]);
});

test("an OutgoingRequest is in another span once it is, whoever has changed it", () => {
  const request = outgoing(decodedRequest({}, "traceparent: theirs", "tracestate: a=b"));
  expect(request.text()).toContain("traceparent: theirs\r\ntracestate: a=b\r\n");
  request.rewrite.traceLines = "traceparent: one\r\n";
  const parents = (): unknown => request.text().match(/^trace.*$/gm);
  expect(parents()).toEqual(["traceparent: one"]);
  request.retrace("one", "two");
  expect(parents()).toEqual(["traceparent: two"]);
  request.edit(request.text().replace("traceparent", "TraceParent"));
  request.retrace("two", "three");
  expect(request.edited).toContain("TraceParent: three\r\n");
  request.clear();
  expect(parents()).toEqual(["traceparent: theirs", "tracestate: a=b"]);
});

test("an OutgoingRequest whose body turned out to be whole goes with its length", () => {
  const request = outgoing(decodedRequest({ method: "PUT" }), false);
  request.measure(7);
  request.measure(7);
  expect([request.isChunked, request.text().includes("chunked")]).toEqual([false, false]);
  expect(request.text().match(/^Content-Length: .*$/gm)).toEqual(["Content-Length: 7"]);
  expect(request.edited).toContain("Content-Length: 7\r\n");
  request.clear();
  expect(request.isChunked).toBe(true);
});
