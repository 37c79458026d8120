import { describe, expect, test } from "vitest";
import { Cors } from "../../../proxy/table/cors.ts";
import type { CorsPolicy } from "../../../proxy/table/route-actions.ts";
import { request } from "./service-fixture.ts";

const SHOP = "https://shop.example";

function cors(policy: Partial<CorsPolicy> = {}): Cors {
  return new Cors({
    origins: [SHOP],
    methods: ["GET", "PUT"],
    headers: ["content-type"],
    exposed: ["x-total"],
    credentials: true,
    maxAgeS: 600,
    ...policy,
  });
}

function preflight(origin: string, policy: Partial<CorsPolicy> = {}): string | undefined {
  const headers = { origin, "access-control-request-method": "PUT" };
  return cors(policy).preflight(request("/a", headers, "OPTIONS"));
}

describe("Cors.preflight()", () => {
  test("says what the origin may do, and on what that depends", () => {
    expect(preflight(SHOP)?.split("\r\n")).toEqual([
      `Access-Control-Allow-Origin: ${SHOP}`,
      "Access-Control-Allow-Credentials: true",
      "Access-Control-Allow-Methods: GET, PUT",
      "Access-Control-Allow-Headers: content-type",
      "Access-Control-Max-Age: 600",
      "Vary: Origin, Access-Control-Request-Method, Access-Control-Request-Headers",
      "",
    ]);
  });

  test("allows another origin nothing", () => {
    expect(preflight("https://evil.example")).toBe(
      "Vary: Origin, Access-Control-Request-Method, Access-Control-Request-Headers\r\n",
    );
  });

  test("leaves a plain OPTIONS, and any other method, to the endpoint", () => {
    expect(cors().preflight(request("/a", { origin: SHOP }, "OPTIONS"))).toBeUndefined();
    const headers = { origin: SHOP, "access-control-request-method": "PUT" };
    expect(cors().preflight(request("/a", headers, "PUT"))).toBeUndefined();
  });

  test.each([
    ["https://a.shop.example", true],
    ["https://a.b.shop.example", true],
    ["https://shop.example", false],
    ["http://a.shop.example", false],
    ["https://evilshop.example", false],
    ["https://evil.example/.shop.example", false],
    ["https://.shop.example", false],
  ])("reads the wildcard https://*.shop.example for %s: %j", (origin, isAllowed) => {
    const fields = preflight(origin, { origins: ["https://*.shop.example"] });
    expect(fields?.includes(`Access-Control-Allow-Origin: ${origin}\r\n`)).toBe(isAllowed);
  });
});

describe("Cors.edit()", () => {
  test("adds what a script may read, and takes away what the endpoint says of it", () => {
    const { removed, lines } = cors().edit(request("/a", { origin: SHOP }));
    expect(removed.has("access-control-allow-origin")).toBe(true);
    expect(lines.split("\r\n")).toEqual([
      `Access-Control-Allow-Origin: ${SHOP}`,
      "Access-Control-Allow-Credentials: true",
      "Access-Control-Expose-Headers: x-total",
      "Vary: Origin",
      "",
    ]);
  });

  test("tells caches that answers depend on the origin, also where there is none", () => {
    expect(cors().edit(request("/a")).lines).toBe("Vary: Origin\r\n");
    expect(cors().edit(request("/a", { origin: "null" })).lines).toBe("Vary: Origin\r\n");
  });

  test("allows any origin with *, on which nothing depends then", () => {
    const any = cors({ origins: ["*"], credentials: false, exposed: [] });
    expect(any.edit(request("/a", { origin: "https://a" })).lines).toBe(
      "Access-Control-Allow-Origin: *\r\n",
    );
  });
});
