import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { HttpOrigin } from "../../support/origin.ts";
import type { RawResponse } from "../../support/received-bytes.ts";
import { DataPlane, head, serviceAt } from "./data-plane.ts";

const COOKIE = /^sid=([^;]+); Path=\/; Max-Age=86400; HttpOnly; SameSite=Lax$/;

function postTo(path: string): string {
  return `${head(`POST ${path} HTTP/1.1`, "Host: routed", "Content-Length: 5")}12345`;
}

describe("routes, affinity and the split, on the wire", () => {
  let plane: DataPlane;
  const origins: HttpOrigin[] = [];

  beforeAll(async () => {
    for (const name of ["one", "two"]) origins.push(await HttpOrigin.start(name));
    const [one, two] = origins.map(({ address }) => [address]);
    const versions = { v1: { weight: 1, endpoints: one }, v2: { weight: 1, endpoints: two } };
    const only = { v1: { weight: 1, endpoints: one }, v2: { weight: 0, endpoints: two } };
    const routes = [
      { match: { path: "/two" }, to: "v2" },
      { match: { path: { exact: "/exact" } }, to: "v2" },
      { match: { methods: ["DELETE"] }, to: "v2" },
      { match: { headers: { "X-Beta": "1" } }, to: "v2" },
      { match: { query: { beta: "yes" } }, to: "v2" },
      { match: { cookies: { beta: "on" } }, to: "v2" },
      { match: { path: "/small" }, maxBody: "4B" },
    ];
    const services = {
      routed: { versions: only, routes, debug: true },
      sticky: { versions, affinity: { cookie: "sid" } },
      asked: { versions, affinity: { cookie: "sid", set: false } },
      header: { versions, affinity: { header: "X-User" } },
      split: { versions },
      named: { ...serviceAt(one ?? []), hosts: ["a.example", "*.b.example"] },
    };
    const listeners = [{ bind: "127.0.0.1:0" }, { bind: "127.0.0.2:0", service: "split" }];
    plane = await DataPlane.start({}, { listeners, services });
  });
  afterEach(() => plane.endTest());
  afterAll(async () => {
    for (const origin of origins) origin[Symbol.dispose]();
    await plane[Symbol.asyncDispose]();
  });

  async function ask(request: string): Promise<RawResponse> {
    const client = await plane.open();
    return client.send(request).response(request.split(" ")[0]);
  }

  async function bodies(count: number, ...lines: readonly string[]): Promise<string[]> {
    const client = await plane.open();
    const found: string[] = [];
    for (let index = 0; index < count; index += 1) {
      found.push((await client.send(head("GET / HTTP/1.1", ...lines)).response()).body);
    }
    return found;
  }

  test.each([
    ["a prefix", "GET /two/x", [], "two"],
    ["no prefix by half a segment", "GET /twofold", [], "one"],
    ["a prefix in disguise: dot segments", "GET /a/../two", [], "two"],
    ["a prefix in disguise: two slashes", "GET //two", [], "two"],
    ["a prefix in disguise: escapes", "GET /%74wo%2Fx", [], "two"],
    ["an exact path", "GET /exact?q", [], "two"],
    ["no exact path below it", "GET /exact/x", [], "one"],
    ["a method", "DELETE /", [], "two"],
    ["a field", "GET /", ["x-BETA: 1"], "two"],
    ["a field with another value", "GET /", ["X-Beta: 1, 1"], "one"],
    ["a query parameter", "GET /?a=b&beta=yes", [], "two"],
    ["a query parameter with another value", "GET /?beta=yess", [], "one"],
    ["a cookie", "GET /", ["Cookie: a=b; beta=on"], "two"],
    ["a cookie in a second line", "GET /", ["Cookie: a=b", "Cookie: beta=on"], "two"],
    ["nothing", "GET /", [], "one"],
  ])("route by %s", async (_name, start, lines, body) => {
    const response = await ask(head(`${start} HTTP/1.1`, "Host: routed", ...lines));
    expect(response.body).toBe(body);
    expect(response.field("x-sluice-version")).toBe(body === "two" ? "v2" : "v1");
  });

  test("a route brings its own policy", async () => {
    expect((await ask(postTo("/small"))).status).toBe(413);
    expect((await ask(postTo("/big"))).status).toBe(200);
  });

  test("an affinity cookie is set once, for browsers, and kept to", async () => {
    const first = await ask(head("GET / HTTP/1.1", "Host: sticky"));
    const key = COOKIE.exec(first.field("set-cookie") ?? "")?.[1];
    expect(key).toBeDefined();
    const client = await plane.open();
    for (let index = 0; index < 20; index += 1) {
      client.send(head("GET / HTTP/1.1", "Host: sticky", `Cookie: a=b; sid=${key}`));
      const response = await client.response();
      expect(response.body).toBe(first.body);
      expect(response.field("set-cookie")).toBeUndefined();
    }
    expect(first.field("x-sluice-version")).toBeUndefined();
  });

  test("new visitors are spread over both versions", async () => {
    const found = new Set(await bodies(40, "Host: sticky"));
    expect([...found].toSorted()).toEqual(["one", "two"]);
  });

  test("set: false sets no cookie but keeps to one that is there", async () => {
    expect((await ask(head("GET / HTTP/1.1", "Host: asked"))).field("set-cookie")).toBeUndefined();
    expect(new Set(await bodies(20, "Host: asked", "Cookie: sid=x")).size).toBe(1);
  });

  test("a key in a header is kept to", async () => {
    expect(new Set(await bodies(20, "Host: header", "X-User: ann")).size).toBe(1);
  });

  test("an unkeyed split is exact over a window, pinned listener or not", async () => {
    const found = await bodies(100, "Host: split");
    const ones = found.filter((body) => body === "one").length;
    expect(Math.abs(ones - 50)).toBeLessThanOrEqual(2);
    const client = await plane.open({ host: "127.0.0.2", port: plane.sidecar.ports[1] as number });
    client.send(head("GET / HTTP/1.1", "Host: whatever"));
    expect((await client.response()).status).toBe(200);
  });

  test.each([
    ["a.example", 200],
    ["A.Example:8080", 200],
    ["x.y.b.example", 200],
    ["b.example", 404],
    ["evil-a.example", 404],
    ["a.example.", 200],
  ])("a Host of %s gets %i", async (host, status) => {
    expect((await ask(head("GET / HTTP/1.1", `Host: ${host}`))).status).toBe(status);
  });

  test("HTTP/1.0 without Host: 404 here, the service of a pinned listener there", async () => {
    expect((await ask("GET / HTTP/1.0\r\n\r\n")).status).toBe(404);
    const client = await plane.open({ host: "127.0.0.2", port: plane.sidecar.ports[1] as number });
    expect((await client.send("GET / HTTP/1.0\r\n\r\n").response()).status).toBe(200);
    const raw = origins
      .flatMap(({ records }) => records.slice(-1))
      .map(({ rawHeaders }) => rawHeaders);
    expect(raw.some((each) => each[each.indexOf("Host") + 1] === "split")).toBe(true);
  });

  test("answers a plain GET after all of that", () => plane.expectAlive());
});
