import { expect, test } from "vitest";
import { hash32, hashRange, mix32 } from "../../../proxy/table/hash.ts";

// Values of the reference implementation (http://www.isthe.com/chongo/tech/comp/fnv/).
test.each([
  ["", 0x811c9dc5],
  ["a", 0xe40c292c],
  ["foobar", 0xbf9cf968],
])("hashRange() over %j is FNV-1a", (text, hash) => {
  expect(hashRange(`<${text}>`, 1, text.length + 1) >>> 0).toBe(hash);
});

test("hash32() differs for texts that are alike, and by seed", () => {
  const texts = ["", "\0", "a", "ab", "ba", "abc", "abd", "ab\0", "aa", "aaa", "ä", "\u{1f600}"];
  const hashes = texts.flatMap((text) => [hash32(text, 1), hash32(text, 2)]);
  expect(new Set(hashes).size).toBe(hashes.length);
  expect(hashes.every((hash) => hash === (hash | 0))).toBe(true);
});

test("hash32() stays what it is: another one makes another choice of keys everywhere", () => {
  expect(["", "a", "user-1"].map((text) => hash32(text, 0x2f6b1d35))).toEqual([
    1_247_722_153, -1_232_094_217, -2_012_358_347,
  ]);
});

test("mix32() gives every number another one", () => {
  const inputs = Array.from({ length: 50_000 }, (_, at) => (at * 85_899) | 0);
  expect(new Set(inputs.map(mix32)).size).toBe(new Set(inputs).size);
});
