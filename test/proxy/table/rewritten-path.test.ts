import fc from "fast-check";
import { expect, test } from "vitest";
import { normalisePath } from "../../../proxy/table/normalise-path.ts";
import { rewrittenPath } from "../../../proxy/table/rewritten-path.ts";

function rewritten(raw: string, prefix: string, replacement: string): string {
  const match = { kind: "prefix", path: prefix } as const;
  return rewrittenPath({ raw, path: normalisePath(raw) }, match, replacement);
}

test.each([
  ["/api", "/api", "/v1", "/v1"],
  ["/api/", "/api", "/v1", "/v1/"],
  ["/api/a/b", "/api", "/v1", "/v1/a/b"],
  ["/api/a", "/api/", "/v1/", "/v1/a"],
  ["/api", "/api", "/", "/"],
  ["/api/a", "/api", "/", "/a"],
  ["/a", "/", "/v1", "/v1/a"],
  ["/", "/", "/v1", "/v1/"],
])("rewrittenPath() makes of %s, matched by %s, with %s: %s", (raw, prefix, to, wanted) => {
  expect(rewritten(raw, prefix, to)).toBe(wanted);
});

test("rewrittenPath() leaves what follows the prefix as it was sent", () => {
  expect(rewritten("/api/repos/a%2Fb//c", "/api", "/v1")).toBe("/v1/repos/a%2Fb//c");
});

test("rewrittenPath() takes the normal form where the prefix was spelt otherwise", () => {
  expect(rewritten("//%61pi/x", "/api", "/v1")).toBe("/v1/x");
  expect(rewritten("/other/../api/x", "/api", "/v1")).toBe("/v1/x");
});

test("rewrittenPath() replaces the whole of an exact path, and adds before any without one", () => {
  const path = { raw: "/a/b", path: "/a/b" };
  expect(rewrittenPath(path, { kind: "exact", path: "/a/b" }, "/c")).toBe("/c");
  expect(rewrittenPath(path, undefined, "/c")).toBe("/c/a/b");
});

test("rewrittenPath() never lets a request leave what its path is replaced by", () => {
  const segment = fc.constantFrom("api", "..", ".", "x", "%2e%2e", "%2F", "", "a%2F..", "\\..");
  fc.assert(
    fc.property(fc.array(segment, { maxLength: 6 }), (segments) => {
      const raw = `/api/${segments.join("/")}`;
      const path = normalisePath(raw);
      fc.pre(path === "/api" || path.startsWith("/api/"));
      const to = normalisePath(rewritten(raw, "/api", "/deep/v1"));
      expect(to).toBe(`/deep/v1${path.slice("/api".length)}`);
    }),
    { seed: 11, numRuns: 2_000 },
  );
});
