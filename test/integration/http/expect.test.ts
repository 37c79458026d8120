import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../../support/eventually.ts";
import { answer } from "../../support/origin.ts";
import { exchangeRaw } from "../../support/raw-socket.ts";
import { DataPlane, head, responseOf } from "./data-plane.ts";

/** A PUT whose body of 3 bytes is still to come. */
function put(...lines: readonly string[]): string {
  return head("PUT / HTTP/1.1", "Host: web", "Content-Length: 3", ...lines);
}

describe("Expect (RFC 9110 10.1.1)", () => {
  let plane: DataPlane;

  beforeAll(async () => {
    plane = await DataPlane.start();
  });
  afterEach(() => plane.endTest());
  afterAll(() => plane[Symbol.asyncDispose]());

  test("100-continue goes up, the 100 comes back, then the body goes", async () => {
    plane.origin.onHead = answer("HTTP/1.1 100 Continue\r\n\r\n");
    const client = await plane.open();
    expect((await client.send(put("Expect: 100-Continue")).response()).status).toBe(100);
    expect(plane.origin.lastConnection.received).toContain("Expect: 100-Continue\r\n");
    expect((await client.send("abc").response()).status).toBe(200);
    expect(plane.origin.requests[0]?.text.endsWith("\r\n\r\nabc")).toBe(true);
  });

  test("a final answer instead of the 100 closes both connections", async () => {
    plane.origin.onHead = answer(responseOf("403 Forbidden", "no"));
    const client = await plane.open();
    const response = await client.send(put("Expect: 100-continue")).response();
    expect(response.status).toBe(403);
    expect(response.field("connection")).toBe("close");
    expect(await client.ended()).toBe("fin");
    await eventually(() => expect(plane.origin.lastConnection.fate).not.toBe("open"));
  });

  test.each([
    ["another expectation", put("Expect: magic"), 417],
    ["one more expectation", put("Expect: 100-continue, magic"), 417],
    ["twice", put("Expect: 100-continue", "Expect: 100-continue"), 400],
    ["folded", put("Expect:\r\n 100-continue"), 400],
  ])("refused: %s", async (_name, bytes, status) => {
    const { response } = await exchangeRaw(plane.target(), bytes);
    expect(response.status).toBe(status);
    expect(plane.origin.connections).toHaveLength(0);
  });

  test.each([
    [
      "in HTTP/1.0",
      "PUT / HTTP/1.0\r\nHost: web\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\nabc",
    ],
    ["without a body", head("GET / HTTP/1.1", "Host: web", "Expect: 100-continue")],
  ])("means nothing and is not forwarded: %s (Kettle 2025)", async (_name, bytes) => {
    const { response } = await exchangeRaw(plane.target(), bytes);
    expect(response.status).toBe(200);
    expect(plane.origin.requests[0]?.field("expect")).toBeUndefined();
  });
  test("answers a plain GET after all of that", () => plane.expectAlive());
});
