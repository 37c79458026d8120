import { isIPv6 } from "node:net";
import { assert, array, constantFrom, ipV6, oneof, property } from "fast-check";
import { expect, test } from "vitest";
import { hostEnd } from "../../../proxy/http1/host.ts";

/** The host of a text that stands between other bytes. undefined: it is none. */
function hostOf(text: string): string | undefined {
  const bytes = Buffer.from(`<${text}>`, "latin1");
  const end = hostEnd(bytes, 1, bytes.length - 1);
  return end === -1 ? undefined : bytes.toString("latin1", 1, end);
}

test.each([
  ["a.example:8080", "a.example"],
  ["a:", "a"],
  ["a:00080", "a"],
  ["10.0.0.1:1", "10.0.0.1"],
  ["[::1]:80", "[::1]"],
  ["a:65536", undefined],
  ["a:1:2", undefined],
  ["a:b", undefined],
  [":80", undefined],
  ["", undefined],
  ["user@a", undefined],
  ["a,b", undefined],
  ["a/b", undefined],
  ["[::1", undefined],
  ["[]", undefined],
  ["[::1]x", undefined],
  ["[fe80::1%25eth0]", undefined],
])("hostEnd() of %j leaves %j", (text, host) => {
  expect(hostOf(text)).toBe(host);
});

test("hostEnd() takes the IPv6 addresses that Node takes, and no others", () => {
  const groups = array(constantFrom("0", "ffff", "1", "12345", "", "g", "1.2.3.4", "256.1.1.1"), {
    minLength: 1,
    maxLength: 9,
  });
  const written = oneof(
    ipV6(),
    groups.map((each) => each.join(":")),
    groups.map((each) => each.join("::")),
  );
  const same = property(written, (address) => {
    expect([address, hostOf(`[${address}]`) !== undefined]).toEqual([address, isIPv6(address)]);
  });
  assert(same, { seed: 5, numRuns: 2_000 });
});
