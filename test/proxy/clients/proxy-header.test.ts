import { describe, expect, test } from "vitest";
import { readProxyHeader } from "../../../proxy/clients/proxy-header.ts";
import type { ProxySource } from "../../../proxy/clients/proxy-header.ts";

const PEER: ProxySource = { kind: "peer" };
const SIGNATURE = "\r\n\r\n\0\r\nQUIT\n";

/** From `source` to `destination`, each an address and a port. */
function from(
  source: readonly [string, number],
  destination: readonly [string, number],
): ProxySource {
  const [one, other] = [source, destination].map(([address, port]) => ({ address, port }));
  return { kind: "address", ends: { source: one, destination: other } } as ProxySource;
}

/** A header of version 2. `size`: what it says of its length; what follows by default. */
function v2(command: number, family: number, rest: Buffer, size = rest.length): Buffer {
  const fixed = Buffer.from([command, family, size >>> 8, size & 0xff]);
  return Buffer.concat([Buffer.from(SIGNATURE, "latin1"), fixed, rest]);
}

function bytes(...parts: readonly (readonly number[] | number)[]): Buffer {
  return Buffer.concat(
    parts.map((part) => (typeof part === "number" ? Buffer.alloc(part) : Buffer.from(part))),
  );
}

const V4 = bytes([203, 0, 113, 9, 10, 0, 0, 1, 0xdd, 0xd5, 0, 80]);
const V6 = bytes([0x20, 1, 0x0d, 0xb8], 11, [1], 15, [1, 0, 1, 0, 2]);
const UNIX = bytes([0x2f, 0x61], 214);
/** PP2_TYPE_ALPN with "h2", and one of a type that nobody knows. */
const TLVS = bytes([1, 0, 2, 0x68, 0x32], [0xee, 0, 1, 7]);

const FROM_V4 = from(["203.0.113.9", 56_789], ["10.0.0.1", 80]);
const LONGEST = `${"ffff:".repeat(7)}ffff`;

const HEADERS: readonly (readonly [string, Buffer | string, ProxySource])[] = [
  ["v1 TCP4", "PROXY TCP4 203.0.113.9 10.0.0.1 56789 80\r\n", FROM_V4],
  [
    "v1 TCP4, longest",
    "PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n",
    from(["255.255.255.255", 65_535], ["255.255.255.255", 65_535]),
  ],
  ["v1 TCP6", "PROXY TCP6 2001:DB8::1 ::1 0 1\r\n", from(["2001:db8::1", 0], ["::1", 1])],
  [
    "v1 TCP6, longest",
    `PROXY TCP6 ${"ffff:".repeat(7)}ffff ${"ffff:".repeat(7)}ffff 65535 65535\r\n`,
    from([LONGEST, 65_535], [LONGEST, 65_535]),
  ],
  ["v1 UNKNOWN, short", "PROXY UNKNOWN\r\n", PEER],
  [
    "v1 UNKNOWN, longest: 107 bytes",
    `PROXY UNKNOWN ${"ffff:".repeat(7)}ffff ${"ffff:".repeat(7)}ffff 65535 65535\r\n`,
    PEER,
  ],
  ["v2 LOCAL", v2(0x20, 0, bytes()), PEER],
  [
    "v2 LOCAL with addresses and TLVs, which are skipped",
    v2(0x20, 0x11, bytes([...V4], [...TLVS])),
    PEER,
  ],
  ["v2 PROXY, UNSPEC", v2(0x21, 0, bytes()), PEER],
  ["v2 PROXY, IPv4 over what is not said", v2(0x21, 0x10, V4), PEER],
  ["v2 PROXY, IPv4", v2(0x21, 0x11, V4), FROM_V4],
  ["v2 PROXY, IPv4 over datagrams", v2(0x21, 0x12, V4), FROM_V4],
  ["v2 PROXY, IPv4 and TLVs", v2(0x21, 0x11, bytes([...V4], [...TLVS])), FROM_V4],
  ["v2 PROXY, IPv6", v2(0x21, 0x21, V6), from(["2001:db8::1", 1], ["::1", 2])],
  ["v2 PROXY, Unix", v2(0x21, 0x31, UNIX), { kind: "unix" }],
  ["v2 PROXY, 16 KiB in all", v2(0x21, 0x11, bytes([...V4], 16_384 - 28)), FROM_V4],
];

const INVALID: readonly (readonly [string, Buffer | string])[] = [
  ["a request", "GET / HTTP/1.1\r\n"],
  ["a request whose method begins alike", "PROPFIND / HTTP/1.1\r\n"],
  ["TLS", bytes([0x16, 3, 1, 0, 5])],
  ["lower case", "proxy TCP4 203.0.113.9 10.0.0.1 1 2\r\n"],
  ["no family", "PROXY 203.0.113.9 10.0.0.1 1 2\r\n"],
  ["another family", "PROXY UDP4 203.0.113.9 10.0.0.1 1 2\r\n"],
  ["one of Object's names for a family", "PROXY constructor 203.0.113.9 10.0.0.1 1 2\r\n"],
  ["UNKNOWN with more letters", "PROXY UNKNOWNS\r\n"],
  ["an IPv6 address as TCP4", "PROXY TCP4 ::1 10.0.0.1 1 2\r\n"],
  ["an IPv4 address as TCP6", "PROXY TCP6 10.0.0.1 ::1 1 2\r\n"],
  ["a bad destination", "PROXY TCP4 10.0.0.1 10.0.0.256 1 2\r\n"],
  ["leading zeros in an address", "PROXY TCP4 010.0.0.1 10.0.0.1 1 2\r\n"],
  ["a zone", "PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n"],
  ["a name", "PROXY TCP4 localhost 10.0.0.1 1 2\r\n"],
  ["a port that is too large", "PROXY TCP4 10.0.0.1 10.0.0.1 1 65536\r\n"],
  ["leading zeros in a port", "PROXY TCP4 10.0.0.1 10.0.0.1 01 2\r\n"],
  ["one port", "PROXY TCP4 10.0.0.1 10.0.0.1 1\r\n"],
  ["three ports", "PROXY TCP4 10.0.0.1 10.0.0.1 1 2 3\r\n"],
  ["two blanks", "PROXY TCP4  10.0.0.1 10.0.0.1 1 2\r\n"],
  ["a line feed inside", "PROXY TCP4 10.0.0.1\n 10.0.0.1 1 2\r\n"],
  ["108 bytes", `PROXY UNKNOWN ${"x".repeat(92)}\r\n`],
  ["a signature with one byte changed", v2(0x21, 0x11, V4).fill("X", 11, 12)],
  ["v2 of version 1", v2(0x11, 0x11, V4)],
  ["v2 of version 3", v2(0x31, 0x11, V4)],
  ["v2 with another command", v2(0x22, 0x11, V4)],
  ["v2 with another family", v2(0x21, 0x41, V4)],
  ["v2 with another transport", v2(0x21, 0x13, V4)],
  ["v2, IPv4, too short", v2(0x21, 0x11, V4.subarray(0, 11))],
  ["v2, IPv6, too short", v2(0x21, 0x21, V6.subarray(0, 35))],
  ["v2, Unix, too short", v2(0x21, 0x31, UNIX.subarray(0, 215))],
  ["v2 of over 16 KiB, as soon as it says so", v2(0x21, 0x11, V4, 16_385 - 16)],
];

describe("readProxyHeader()", () => {
  test.each(HEADERS)("reads %s, whole and with a request behind", (_what, header, source) => {
    const raw = Buffer.from(header as string, "latin1");
    const read = { kind: "read", length: raw.length, source };
    expect(readProxyHeader(raw)).toEqual(read);
    expect(readProxyHeader(Buffer.concat([raw, Buffer.from("GET / HTTP/1.1\r\n")]))).toEqual(read);
  });

  test.each(HEADERS)("waits for the rest of %s, wherever it is cut", (_what, header) => {
    const raw = Buffer.from(header as string, "latin1");
    for (let end = 0; end < raw.length; end += raw.length > 1_000 ? 97 : 1) {
      expect(readProxyHeader(raw.subarray(0, end))).toEqual({ kind: "more" });
    }
  });

  test.each(INVALID)("refuses %s", (_what, text) => {
    expect(readProxyHeader(Buffer.from(text as string, "latin1"))).toEqual({ kind: "invalid" });
  });

  test("refuses a line that does not end within 107 bytes, at the 107th", () => {
    const line = `PROXY UNKNOWN ${"x".repeat(200)}`;
    expect(readProxyHeader(Buffer.from(line.slice(0, 106)))).toEqual({ kind: "more" });
    expect(readProxyHeader(Buffer.from(line.slice(0, 107)))).toEqual({ kind: "invalid" });
  });
});
