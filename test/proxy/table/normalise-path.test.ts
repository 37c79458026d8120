import { array, assert, constantFrom, pre, property } from "fast-check";
import { expect, test } from "vitest";
import { needsNormalising, normalisePath } from "../../../proxy/table/normalise-path.ts";

const cases: readonly (readonly [path: string, normalised: string])[] = [
  ["", "/"],
  ["/", "/"],
  ["*", "*"],
  ["/a/b", "/a/b"],
  ["/a/b/", "/a/b/"],
  ["//", "/"],
  ["///a//b//", "/a/b/"],
  ["/a/./b", "/a/b"],
  ["/a/.", "/a/"],
  ["/a/../b", "/b"],
  ["/a/..", "/"],
  ["/a/b/..", "/a/"],
  ["/../../etc", "/etc"],
  ["/a/%2e%2E/b", "/b"],
  ["/a%2Fb", "/a/b"],
  ["/a%2f..%2fb", "/b"],
  ["/a\\..\\b", "/b"],
  ["/a%5c..%5Cb", "/b"],
  ["/%61%7E%2d%5f%39%5A", "/a~-_9Z"],
  ["/a%3fb%23c%25d%20", "/a%3Fb%23c%25d%20"],
  ["/caf%c3%a9", "/caf%C3%A9"],
  ["/caf\u00c3\u00a9/../\u00e2\u0082\u00ac", "/%E2%82%AC"],
  ["/%252e%252e/a", "/%252e%252e/a"],
  ["/.well-known/x", "/.well-known/x"],
  ["/a/..b/...", "/a/..b/..."],
  ["/%5B%60%7B%40%5E", "/%5B%60%7B%40%5E"],
  ["/%zz%2", "/%zz%2"],
];

test.each(cases)("normalisePath(%j) is %j", (path, normalised) => {
  expect(normalisePath(path)).toBe(normalised);
});

const pieces = constantFrom("/", "\\", ".", "..", "a", "B", "%2e", "%2F", "%5c", "%41", "%c3", "~");
const paths = array(pieces, { maxLength: 12 }).map((parts) => `/${parts.join("")}`);

test("normalisePath() changes nothing the second time and leaves no dot segment", () => {
  assert(
    property(paths, (path) => {
      const once = normalisePath(path);
      expect(normalisePath(once)).toBe(once);
      expect(once).not.toMatch(/\/\/|\\|\/\.{1,2}(\/|$)|^[^/]/);
    }),
    { seed: 1 },
  );
});

test("needsNormalising() is true for every path that normalisePath() changes", () => {
  assert(
    property(paths, (path) => {
      pre(!needsNormalising(path));
      const decoded = decodeURIComponent(path);
      expect(decoded).toBe(path);
      expect(new URL(`http://web${path}`).pathname).toBe(path);
    }),
    { seed: 2 },
  );
});

test.each(["/a/b.c/d", "/.well-known", "/a..b/c.", "*"])(
  "needsNormalising(%j) is false",
  (path) => {
    expect(needsNormalising(path)).toBe(false);
  },
);
