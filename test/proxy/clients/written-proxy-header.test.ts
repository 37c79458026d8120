import { expect, test } from "vitest";
import { readProxyHeader } from "../../../proxy/clients/proxy-header.ts";
import { writtenProxyHeader } from "../../../proxy/clients/written-proxy-header.ts";
import type { ConnectionEnds } from "../../../proxy/transport/peer.ts";

function ends(source: string, destination: string): ConnectionEnds {
  return {
    source: { address: source, port: 56_789 },
    destination: { address: destination, port: 80 },
  };
}

const V4 = ends("203.0.113.9", "10.0.0.1");
const SIGNATURE = "0d0a0d0a000d0a515549540a";

test.each([
  ["v1, IPv4", "v1", V4, "PROXY TCP4 203.0.113.9 10.0.0.1 56789 80\r\n"],
  ["v1, IPv6", "v1", ends("2001:db8::1", "::1"), "PROXY TCP6 2001:db8::1 ::1 56789 80\r\n"],
  ["v1, unknown", "v1", undefined, "PROXY UNKNOWN\r\n"],
] as const)(
  "writtenProxyHeader() is as the specification has it: %s",
  (_what, version, of, text) => {
    expect(writtenProxyHeader(version, of)).toBe(text);
  },
);

test.each([
  ["v2, IPv4", V4, `${SIGNATURE}2111000ccb0071090a000001ddd50050`],
  ["v2, unknown", undefined, `${SIGNATURE}21000000`],
])("writtenProxyHeader() is as the specification has it: %s", (_what, of, hex) => {
  expect(Buffer.from(writtenProxyHeader("v2", of), "latin1").toString("hex")).toBe(hex);
});

const PAIRS = [
  V4,
  ends("2001:db8::1", "::1"),
  ends("::", "fe80::1:2:3"),
  ends("1:2:3:4:5:6:7:8", "::ffff:10.0.0.5"),
];

test.each(["v1", "v2"] as const)("what it writes in %s is read as it was", (version) => {
  for (const each of PAIRS) {
    const header = Buffer.from(writtenProxyHeader(version, each), "latin1");
    const source = { kind: "address", ends: each };
    expect(readProxyHeader(header)).toEqual({ kind: "read", length: header.length, source });
  }
});

test.each(["v1", "v2"] as const)("both ends are of one family in %s", (version) => {
  const header = Buffer.from(writtenProxyHeader(version, ends("203.0.113.9", "::1")), "latin1");
  expect(readProxyHeader(header)).toMatchObject({
    source: {
      ends: { source: { address: "::ffff:203.0.113.9" }, destination: { address: "::1" } },
    },
  });
});
