import { describe, expect, test } from "vitest";
import { OutgoingResponse } from "../../../proxy/http1/outgoing-response.ts";
import { ResponseHead } from "../../../proxy/http1/response-head.ts";
import { viaLines } from "../../../proxy/http1/rewrite-response.ts";
import { decodedResponse } from "./decoded-fixture.ts";

function filled(...about: Parameters<typeof decodedResponse>): ResponseHead {
  const head = new ResponseHead();
  expect(head.fill(decodedResponse(...about), false)).toBe(true);
  return head;
}

describe("OutgoingResponse", () => {
  test("is the same head as text and as fields", () => {
    const outgoing = new OutgoingResponse();
    outgoing.begin(filled(200, "x-a: 1", "proxy-authenticate: x"));
    outgoing.via = viaLines("sluice");
    outgoing.date = "today";
    outgoing.extra = "X-B: 2\r\n";
    outgoing.framing = "chunked";
    const added = "Via: 2.0 sluice\r\nDate: today\r\nX-B: 2\r\n";
    expect([outgoing.status, outgoing.added]).toEqual([200, added]);
    const { fields, dropped } = outgoing;
    expect(fields.textWithout(dropped, fields.start)).toBe("x-a: 1\r\n");
    // Via comes before what ends here in HTTP/1.1.
    expect(outgoing.text()).toBe(
      "HTTP/1.1 200 \r\nx-a: 1\r\nVia: 2.0 sluice\r\nDate: today\r\nX-B: 2\r\n" +
        "Transfer-Encoding: chunked\r\n\r\n",
    );
  });

  test("is what a filter has made of it, until the next head", () => {
    const outgoing = new OutgoingResponse();
    outgoing.begin(filled(200, "date: x"));
    outgoing.edit("HTTP/1.1 200 \r\nX-A: 1\r\n\r\n");
    expect([outgoing.text(), outgoing.edited]).toEqual([
      "HTTP/1.1 200 \r\nX-A: 1\r\n\r\n",
      "X-A: 1\r\n",
    ]);
    outgoing.begin(filled(204, "date: x"));
    expect([outgoing.text(), outgoing.edited]).toEqual([
      "HTTP/1.1 204 \r\ndate: x\r\n\r\n",
      undefined,
    ]);
    outgoing.clear();
    expect([outgoing.status, outgoing.extra]).toEqual([0, ""]);
  });

  test("tells HTTP/1.1 of a body that there is not", () => {
    const outgoing = new OutgoingResponse();
    outgoing.begin(filled(200, "date: x"));
    outgoing.framing = "empty";
    expect(outgoing.text()).toBe("HTTP/1.1 200 \r\ndate: x\r\nContent-Length: 0\r\n\r\n");
  });
});

describe("ResponseHead.fill()", () => {
  test.each([
    [200, false, false, "told"],
    [200, true, false, "none"],
    [200, false, true, "none"],
    [204, false, false, "none"],
    [103, false, false, "none"],
  ] as const)("%i, whole: %s, for HEAD: %s, has a body that ends: %s", (...about) => {
    const [status, isEnd, isHead, framing] = about;
    const head = new ResponseHead();
    head.fill(decodedResponse(status), isEnd);
    expect(head.framingFor(isHead)).toBe(framing);
    expect(head.lacksLength).toBe(isEnd);
  });

  test("refuses what a parsed head is refused for", () => {
    const head = new ResponseHead();
    head.tolerated = 0;
    expect(head.fill(decodedResponse(200, "content-length: x"), false)).toBe(false);
    expect(head.refusal?.reason).toBe("length-invalid");
    const lines = Array.from({ length: 257 }, (_, index) => `x-${index}: 1`);
    expect(head.fill(decodedResponse(200, ...lines), false)).toBe(false);
    expect(head.refusal?.reason).toBe("too-many-fields");
    expect(head.fill(decodedResponse(200, `x: ${"a".repeat(65_536)}`), false)).toBe(false);
    expect(head.refusal?.reason).toBe("head-too-large");
    expect(head.fill(decodedResponse(200), false)).toBe(true);
  });
});
