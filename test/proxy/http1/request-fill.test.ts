import { describe, expect, test } from "vitest";
import { RequestHead } from "../../../proxy/http1/request-head.ts";
import type { DecodedRequest } from "../../../proxy/http1/decoded-head.ts";
import { FIELDS_MAX } from "../../../proxy/http1/limits.ts";
import { decodedRequest } from "./decoded-fixture.ts";

/*
 * Goal: a head that came decoded is judged by every rule of one that came as text. Method: heads
 * that break one, and what is understood of those that break none.
 */

const KEY = "dGhlIHNhbXBsZSBub25jZQ==";

function filled(request: DecodedRequest, isEnd = true): RequestHead {
  const head = new RequestHead();
  head.fill(request, isEnd, KEY);
  return head;
}

describe("RequestHead.fill()", () => {
  test("understands a request as if it had come as text, in its own version", () => {
    const fields = ["x-a: 1", "te: trailers", "x-request-id: r", "x-a: 2"];
    const about = { path: "/a/../b?c=d", authority: "web:81", cookie: "e=f; g=h" };
    const head = filled(decodedRequest(about, ...fields));
    expect([head.refusal, head.violations, head.version]).toEqual([undefined, 0, "2.0"]);
    expect([head.method, head.host, head.authority]).toEqual(["GET", "web", "web:81"]);
    expect([head.target, head.path, head.queryString]).toEqual(["/a/../b?c=d", "/b", "c=d"]);
    expect([head.header("x-a"), head.header("cookie")]).toEqual(["1, 2", "e=f; g=h"]);
    expect([head.takesTrailers, head.requestId, head.keepAlive]).toEqual([true, "r", true]);
    expect([head.framing, head.hasBody, head.upgrade]).toEqual(["none", false, undefined]);
    expect(head.fields.text).toBe(
      ["GET /a/../b?c=d HTTP/1.1", "host: web:81", ...fields, "cookie: e=f; g=h", "", ""].join(
        "\r\n",
      ),
    );
  });

  test("keeps nothing of the head before it", () => {
    const head = filled(decodedRequest({ protocol: "websocket" }, "sec-websocket-version: 13"));
    expect(head.upgrade).toBe("websocket");
    expect(head.fill(decodedRequest({ path: "/b" }, "content-length: 3"), false, KEY)).toBe(true);
    expect([head.path, head.upgrade, head.contentLength]).toEqual(["/b", undefined, 3]);
    expect([head.framing, head.hasBody]).toEqual(["told", true]);
  });

  test("takes an extended CONNECT for the handshake that it stands for", () => {
    const about = { method: "CONNECT", protocol: "websocket" };
    const head = filled(decodedRequest(about, "sec-websocket-version: 13"), false);
    expect([head.method, head.upgrade, head.framing]).toEqual(["GET", "websocket", "none"]);
    expect(head.header("sec-websocket-key")).toBe(KEY);
    const old = filled(decodedRequest(about, "sec-websocket-version: 8"), false);
    expect(old.refusal?.reason).toBe("websocket-version");
  });

  test.each([
    [{ method: "CONNECT" }, "method-refused"],
    [{ method: "CONNECT", protocol: "connect-udp" }, "method-refused"],
    [{ method: "get" }, "method-unknown"],
    [{ method: "G ET" }, "target-invalid"],
    [{ path: "a" }, "target-invalid"],
    [{ path: "*" }, "target-invalid"],
    [{ path: "/%0" }, "target-invalid"],
    [{ path: "/a b" }, "target-invalid"],
    [{ path: "/a HTTP/1.1\r\nX: " }, "target-invalid"],
    [{ path: "http://other/a" }, "target-invalid"],
    [{ path: `/${"a".repeat(8192)}` }, "target-too-long"],
    [{ authority: "" }, "host-missing"],
    [{ authority: "a@web" }, "host-invalid"],
    [{ cookie: "a".repeat(32 * 1024) }, "head-too-large"],
  ])("refuses %j", (about, reason) => {
    expect(filled(decodedRequest(about)).refusal?.reason).toBe(reason);
  });

  test.each([
    ["content-length: 1a", "length-invalid"],
    ["expect: 200", "expectation-unknown"],
  ])("refuses the field %s", (line, reason) => {
    expect(filled(decodedRequest({}, line), false).refusal?.reason).toBe(reason);
  });

  test("refuses more fields than there is room for, Host and Cookie included", () => {
    const lines = Array.from({ length: FIELDS_MAX - 1 }, (_, index) => `x-${index}: 1`);
    expect(filled(decodedRequest({}, ...lines)).refusal).toBeUndefined();
    const more = filled(decodedRequest({ cookie: "a=b" }, ...lines));
    expect(more.refusal?.reason).toBe("too-many-fields");
  });

  test("waits for a 100, and says how often an OPTIONS may go on, as a parsed head does", () => {
    const post = filled(decodedRequest({ method: "POST" }, "expect: 100-continue"), false);
    expect(post.expectsContinue).toBe(true);
    const options = filled(decodedRequest({ method: "OPTIONS", path: "*" }, "max-forwards: 3"));
    expect([options.asteriskForm, options.maxForwards]).toEqual([true, 3]);
  });
});
