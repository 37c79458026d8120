import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { DataPlane, head, serviceAt } from "./data-plane.ts";

const LISTED = ["GET", "BAN"];

describe("methods of a service (RFC 9110 9.1, 15.5.6)", () => {
  let plane: DataPlane;

  beforeAll(async () => {
    plane = await DataPlane.start({ methods: LISTED, retries: { on: ["connect", 503] } });
    const any = serviceAt([plane.origin.address], { retries: { on: [503] } });
    await plane.sidecar.call("PUT", "/v1/services/any", any);
  });
  afterEach(() => plane.endTest());
  afterAll(() => plane[Symbol.asyncDispose]());

  test.each(LISTED)("%s, which is listed, is taken", async (method) => {
    const client = await plane.open();
    const response = await client.send(head(`${method} / HTTP/1.1`, "Host: web")).response();
    expect(response.body).toBe("ok");
  });

  test.each(["HEAD", "POST", "OPTIONS", "UNBAN"])("%s, which is not, is a 405", async (method) => {
    const before = await plane.rejected("method-not-listed");
    const client = await plane.open();
    const request = head(`${method} / HTTP/1.1`, "Host: web", "Content-Length: 2");
    const response = await client.send(`${request}hi`).response(method);
    expect([response.status, response.field("allow")]).toEqual([405, "GET, BAN"]);
    expect(response.field("connection")).toBe("close");
    expect(await plane.rejected("method-not-listed")).toBe(before + 1);
    expect(plane.origin.requests).toHaveLength(0);
  });

  test.each([
    ["GET", 2],
    ["UNBAN", 1],
  ])("%s is sent %i times when the endpoint cannot take it now", async (method, times) => {
    plane.origin.onRequest = (connection) =>
      void connection.send("HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n");
    const client = await plane.open();
    const response = await client.send(head(`${method} / HTTP/1.1`, "Host: any")).response();
    expect(response.status).toBe(503);
    expect(plane.origin.requests).toHaveLength(times);
  });

  test("answers a plain GET after all of that", () => plane.expectAlive());
});
