import { describe, expect, test } from "vitest";
import type { RouteActions } from "../../../proxy/table/route-actions.ts";
import type { PathMatch } from "../../../proxy/table/snapshot.ts";
import { route } from "../table/service-fixture.ts";
import { ExchangeBed, FakeStream } from "./exchange-fixture.ts";

const OK = "HTTP/1.1 200 OK\r\nServer: a\r\nAccess-Control-Allow-Origin: x\r\n";
const API: PathMatch = { kind: "prefix", path: "/api" };

function bedWith(actions: RouteActions, path: PathMatch | undefined = API): ExchangeBed {
  return new ExchangeBed({ routes: [{ ...route({ path }), actions }] });
}

function get(target: string, fields = ""): string {
  return `GET ${target} HTTP/1.1\r\nHost: web\r\n${fields}\r\n`;
}

/** What the endpoint gets of a request, and the client of its answer. */
function through(actions: RouteActions, request: string): { up: string; down: string } {
  const bed = bedWith(actions);
  const upstream = new FakeStream();
  bed.answers.push(bed.upstream(upstream));
  bed.request(request);
  bed.respond(`${OK}Content-Length: 0\r\n\r\n`);
  return { up: upstream.text, down: bed.client.text };
}

/** What the client gets without an endpoint; and that none was asked. */
function answered(actions: RouteActions, request: string): string {
  const bed = bedWith(actions);
  bed.request(request);
  expect([bed.pool, bed.ended]).toEqual([[], ["keep"]]);
  return bed.client.text;
}

describe("A route's rewrite", () => {
  test("gives the endpoint another path and host, and says whom the client asked", () => {
    const rewrite = { path: "/v1", host: "api.internal:81" };
    const { up } = through({ rewrite }, get("/api/a?b=/api"));
    expect(up.startsWith("GET /v1/a?b=/api HTTP/1.1\r\n")).toBe(true);
    expect(up).toContain("\r\nHost: api.internal:81\r\n");
    expect(up).toContain("X-Forwarded-Host: web\r\n");
    expect(up.match(/^host:/gim)).toHaveLength(1);
  });

  test("of the path leaves the host, and of the host the path", () => {
    const path = through({ rewrite: { path: "/v1", host: undefined } }, get("/api")).up;
    expect([path.startsWith("GET /v1 HTTP"), path.includes("\r\nHost: web\r\n")]).toEqual([
      true,
      true,
    ]);
    const host = through({ rewrite: { path: undefined, host: "b" } }, get("/api?x")).up;
    expect(host.startsWith("GET /api?x HTTP/1.1\r\n")).toBe(true);
  });

  test("leaves requests of other routes as they are", () => {
    const { up } = through({ rewrite: { path: "/v1", host: "b" } }, get("/apis"));
    expect(up.startsWith("GET /apis HTTP/1.1\r\nHost: web\r\n")).toBe(true);
  });
});

test("A route's edits change fields of the request and of the answer", () => {
  const { up, down } = through(
    {
      request: { removed: ["x-debug"], added: [["x-env", "prod"]] },
      response: { removed: ["server"], added: [["x-frame-options", "DENY"]] },
    },
    get("/api", "X-Debug: 1\r\nX-Keep: 2\r\n"),
  );
  expect(up).not.toContain("X-Debug");
  expect(up).toContain("X-Keep: 2\r\n");
  expect(up.endsWith("x-env: prod\r\n\r\n")).toBe(true);
  expect(down).not.toContain("Server");
  expect(down).toContain("x-frame-options: DENY\r\n");
});

test("A route's edits of answers hold for our own errors too", () => {
  const bed = bedWith({ response: { removed: [], added: [["x-frame-options", "DENY"]] } });
  bed.answers.push("unavailable");
  bed.request(get("/api"));
  expect(bed.client.text).toMatch(/^HTTP\/1.1 503 .*\r\nx-frame-options: DENY\r\n/s);
});

describe("A route's redirect", () => {
  const nowhere = { scheme: undefined, host: undefined, port: undefined, path: undefined };

  function location(parts: object, request: string): string | undefined {
    const text = answered({ redirect: { ...nowhere, status: 308, ...parts } }, request);
    expect(text.startsWith("HTTP/1.1 308 Permanent Redirect\r\n")).toBe(true);
    return /^Location: (.*)$/m.exec(text)?.[1]?.trim();
  }

  test("leads to another scheme, host, port or path, with the query", () => {
    const request = get("/api/a?b=c").replace("web", "web:8080");
    expect(location({ scheme: "https" }, request)).toBe("https://web/api/a?b=c");
    expect(location({ scheme: "https", port: 8443 }, request)).toBe("https://web:8443/api/a?b=c");
    expect(location({ host: "b.example" }, request)).toBe("http://b.example/api/a?b=c");
    expect(location({ path: "/v1" }, request)).toBe("http://web:8080/v1/a?b=c");
  });

  test("lets a request pass that is there already: it leads nowhere in a circle", () => {
    const redirect = { ...nowhere, scheme: "http", host: "WEB", port: 80, status: 308 } as const;
    expect(through({ redirect }, get("/api/a")).up).toContain("GET /api/a HTTP/1.1\r\n");
  });
});

test("A route's answer needs no endpoint, and HEAD gets no body", () => {
  const answer = { status: 410, fields: [["x-a", "1"]] as const, body: "gone" };
  const text = answered({ answer }, get("/api"));
  expect(text).toMatch(/^HTTP\/1.1 410 .*Content-Length: 4\r\n.*x-a: 1\r\n\r\ngone$/s);
  const head = answered({ answer }, get("/api").replace("GET", "HEAD"));
  expect(head).toMatch(/Content-Length: 4\r\n.*\r\n\r\n$/s);
});

describe("A route's cors", () => {
  const cors = {
    origins: ["https://shop.example"],
    methods: ["PUT"],
    headers: [],
    exposed: [],
    credentials: false,
    maxAgeS: 5,
  };
  const origin = "Origin: https://shop.example\r\n";

  test("answers a preflight itself, and counts it", () => {
    const bed = bedWith({ cors });
    const ask = "Access-Control-Request-Method: PUT\r\n";
    bed.request(get("/api", origin + ask).replace("GET", "OPTIONS"));
    expect(bed.client.text).toMatch(/^HTTP\/1.1 204 No Content\r\n/);
    expect(bed.client.text).toContain("Access-Control-Allow-Methods: PUT\r\n");
    expect(bed.pool).toEqual([]);
    expect(bed.policyCounts.stats()).toEqual([
      { service: "web", counts: { "answer:preflight": 1 } },
    ]);
  });

  test("says in answers who may read them, in place of what the endpoint says", () => {
    const { down } = through({ cors }, get("/api", origin));
    expect(down.match(/Access-Control-Allow-Origin: .*/g)).toEqual([
      "Access-Control-Allow-Origin: https://shop.example",
    ]);
  });
});
