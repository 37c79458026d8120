import type { FastifyRequest } from "fastify";
import { expect, test } from "vitest";
import { guardAgainstPages } from "../../../control/api/browser-guard.ts";
import type { NamedServer } from "../../../control/api/browser-guard.ts";

type Said = {
  readonly method?: string;
  readonly local?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly tls?: NamedServer;
};

/** `passes`, or the code of the error that keeps the request out. */
async function verdict({
  method = "GET",
  local = "127.0.0.1",
  headers = {},
  tls,
}: Said): Promise<string> {
  const request = {
    method,
    headers: { host: "localhost:9180", ...headers },
    socket: { localAddress: local },
  } as unknown as FastifyRequest;
  return guardAgainstPages(request, tls).then(
    () => "passes",
    (error: { readonly code: string }) => error.code,
  );
}

test.each(["localhost", "LOCALHOST:9180", "127.0.0.1", "127.1.2.3:80", "[::1]:9180"])(
  "guardAgainstPages() takes Host %j on a loopback address",
  async (host) => {
    expect(await verdict({ headers: { host } })).toBe("passes");
  },
);

test.each([
  "",
  "evil.test",
  "127.0.0.1.evil.test",
  "localhost.evil.test:80",
  "[::2]",
  "10.0.0.5:9180",
  "localhost:9180:9180",
  "user@localhost",
])("guardAgainstPages() refuses Host %j on a loopback address", async (host) => {
  expect(await verdict({ headers: { host } })).toBe("misdirected_request");
  expect(await verdict({ local: "::1", headers: { host } })).toBe("misdirected_request");
});

test("guardAgainstPages() takes any Host where others may reach it by name", async () => {
  expect(await verdict({ local: "10.0.0.5", headers: { host: "sidecar.internal" } })).toBe(
    "passes",
  );
});

test.each<[string, Readonly<Record<string, string>>]>([
  ["a page of another site", { "sec-fetch-site": "cross-site" }],
  ["a page of a sister site", { "sec-fetch-site": "same-site" }],
  ["an older browser", { origin: "http://evil.test" }],
  ["a page on another port", { origin: "http://localhost:3000" }],
  ["a page that hides its origin", { origin: "null" }],
])(
  "guardAgainstPages() lets %s read, which its browser keeps from it, but not write",
  async (_who, headers) => {
    for (const method of ["POST", "PUT", "PATCH", "DELETE"]) {
      expect([method, await verdict({ method, headers })]).toEqual([method, "cross_origin"]);
    }
    for (const method of ["GET", "HEAD", "OPTIONS"]) {
      expect([method, await verdict({ method, headers })]).toEqual([method, "passes"]);
    }
  },
);

test.each<[string, Readonly<Record<string, string>>]>([
  ["a program", {}],
  ["a person who typed the address", { "sec-fetch-site": "none" }],
  ["a page of its own", { origin: "http://localhost:9180", "sec-fetch-site": "same-origin" }],
  ["a page of its own in an older browser", { origin: "http://localhost:9180" }],
])("guardAgainstPages() lets %s write", async (_who, headers) => {
  expect(await verdict({ method: "POST", headers })).toBe("passes");
});

test.each([
  ["127.0.0.1", "api.test", "passes"],
  ["127.0.0.1", "localhost", "passes"],
  ["10.0.0.5", "API.test:9180", "passes"],
  ["10.0.0.5", "localhost", "misdirected_request"],
  ["10.0.0.5", "evil.test", "misdirected_request"],
  ["10.0.0.5", "", "misdirected_request"],
])("guardAgainstPages() with TLS, at %s, with Host %j: %s", async (local, host, wanted) => {
  const tls = { isFor: (name: string) => name === "api.test" };
  expect(await verdict({ local, headers: { host }, tls })).toBe(wanted);
});
