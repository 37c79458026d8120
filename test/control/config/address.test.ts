import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  canonicalBind,
  canonicalEndpoint,
  canonicalHost,
  canonicalRemote,
  isAddressRange,
  isLoopbackBind,
} from "../../../control/config/address.ts";

describe("canonicalEndpoint()", () => {
  test.each([
    ["10.0.0.5:3000", "10.0.0.5:3000"],
    ["Web.Internal:80", "web.internal:80"],
    ["[::1]:3000", "[::1]:3000"],
    ["[0:0:0:0:0:0:0:1]:03000", "[::1]:3000"],
    ["[FE80::0001]:1", "[fe80::1]:1"],
    ["web_1:65535", "web_1:65535"],
    ["unix:/run/web.sock", "unix:/run/web.sock"],
  ])("writes %s as %s", (text, address) => {
    expect(canonicalEndpoint(text)).toBe(address);
  });

  test.each([
    "",
    "web",
    ":80",
    "web:",
    "web:0",
    "web:65536",
    "web:-1",
    "web:8 0",
    "::1:80",
    "[::1]",
    "[::1:80",
    "[fe80::1%eth0]:80",
    "[1.2.3.4]:80",
    "1.2.3:80",
    "1.2.3.256:80",
    "1.2.3.4.5:80",
    "a..b:80",
    "-a:80",
    "a/b:80",
    "user@a:80",
    "http://a:80",
    "unix:",
    "unix:run/web.sock",
    `unix:/${"a".repeat(103)}`,
    `${"a".repeat(64)}:80`,
  ])("refuses %j", (text) => {
    expect(canonicalEndpoint(text)).toBeUndefined();
  });

  test("leaves its own answers alone", () => {
    const host = fc.oneof(
      fc.domain(),
      fc.ipV4(),
      fc.ipV6().map((address) => `[${address}]`),
    );
    fc.assert(
      fc.property(host, fc.integer({ min: 1, max: 65_535 }), (name, port) => {
        const once = canonicalEndpoint(`${name}:${port}`);
        expect(once).toBeDefined();
        expect(canonicalEndpoint(once as string)).toBe(once);
      }),
      { seed: 2 },
    );
  });
});

test("canonicalBind() takes port 0", () => {
  expect(canonicalBind("127.0.0.1:0")).toBe("127.0.0.1:0");
});

test.each([
  ["web", "web"],
  ["WEB.Internal", "web.internal"],
  ["10.0.0.1", "10.0.0.1"],
  ["[::0001]", "[::1]"],
  ["web:80", undefined],
  ["web.", undefined],
  ["*.web", undefined],
  ["10.0.0", undefined],
  ["", undefined],
])("canonicalHost() writes %j as %j", (text, host) => {
  expect(canonicalHost(text)).toBe(host);
});

test.each([
  ["127.0.0.1:1", true],
  ["127.9.9.9:1", true],
  ["[::1]:1", true],
  ["localhost:1", true],
  ["unix:/run/s.sock", true],
  ["0.0.0.0:1", false],
  ["[::]:1", false],
  ["10.0.0.1:1", false],
  ["127.example.com:1", false],
  ["[::ffff:127.0.0.1]:1", false],
])("isLoopbackBind(%s) is %s", (bind, isLoopback) => {
  expect(isLoopbackBind(bind)).toBe(isLoopback);
});

test.each([
  ["10.0.0.0/8", true],
  ["10.0.0.1", true],
  ["fd00::/128", true],
  ["10.0.0.0/33", false],
  ["fd00::/129", false],
  ["10.0.0/8", false],
  ["10.0.0.0/", false],
  ["web/8", false],
])("isAddressRange(%s) is %s", (text, isRange) => {
  expect(isAddressRange(text)).toBe(isRange);
});

test("canonicalRemote() takes what canonicalEndpoint() takes, except Unix sockets", () => {
  expect(canonicalRemote("Web.Internal:80")).toBe("web.internal:80");
  expect(canonicalRemote("10.0.0.1:0")).toBeUndefined();
  expect(canonicalRemote("unix:/run/docker.sock")).toBeUndefined();
});
