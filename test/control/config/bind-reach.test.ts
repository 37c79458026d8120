import { expect, test } from "vitest";
import { bindsOverlap, reachesBind } from "../../../control/config/bind-reach.ts";

test.each([
  ["127.0.0.1:80", "127.0.0.1:80", true],
  ["127.0.0.1:80", "127.0.0.1:81", false],
  ["127.0.0.1:80", "127.0.0.2:80", false],
  ["0.0.0.0:80", "127.0.0.1:80", true],
  ["0.0.0.0:80", "[::1]:80", false],
  ["[::]:80", "127.0.0.1:80", true],
  ["[::]:80", "0.0.0.0:80", true],
  ["[::]:80", "[::1]:80", true],
  ["[::ffff:127.0.0.1]:80", "127.0.0.1:80", true],
  ["localhost:80", "127.0.0.1:80", true],
  ["localhost:80", "[::1]:80", true],
  ["localhost:80", "0.0.0.0:80", true],
  ["web:80", "web:80", true],
  ["web:80", "127.0.0.1:80", false],
  ["0.0.0.0:0", "127.0.0.1:0", false],
  ["unix:/run/a.sock", "unix:/run/a.sock", true],
  ["unix:/run/a.sock", "unix:/run/x/../a.sock", true],
  ["unix:/run/a.sock", "unix:/run/b.sock", false],
  ["unix:/run/a.sock", "127.0.0.1:80", false],
])("bindsOverlap() of %s and %s is %j, in either order", (left, right, expected) => {
  expect(bindsOverlap(left, right)).toBe(expected);
  expect(bindsOverlap(right, left)).toBe(expected);
});

test.each([
  ["127.0.0.1:80", "0.0.0.0:80", true],
  ["127.9.9.9:80", "0.0.0.0:80", true],
  ["localhost:80", "[::]:80", true],
  ["[::1]:80", "[::]:80", true],
  ["[::1]:80", "0.0.0.0:80", false],
  ["0.0.0.0:80", "127.0.0.1:80", true],
  ["0.0.0.0:80", "10.0.0.5:80", false],
  ["10.0.0.5:80", "10.0.0.5:80", true],
  ["10.0.0.5:80", "0.0.0.0:80", false],
  ["10.0.0.5:80", "10.0.0.5:81", false],
  ["localhost:80", "127.0.0.1:80", true],
  ["unix:/run/./a.sock", "unix:/run/a.sock", true],
])("reachesBind() of %s to %s is %j", (endpoint, bind, expected) => {
  expect(reachesBind(endpoint, bind)).toBe(expected);
});
