import { expect, test } from "vitest";
import { OWN_SETTINGS, PeerSettings } from "../../../proxy/http2/settings.ts";
import type { Http2Role } from "../../../proxy/http2/settings.ts";

/** A peer with these entries, and the rule that they break. */
function told(role: Http2Role, ...entries: readonly (readonly [id: number, value: number])[]) {
  const bytes = Buffer.alloc(entries.length * 6);
  for (const [index, [id, value]] of entries.entries()) {
    bytes.writeUInt16BE(id, index * 6);
    bytes.writeUInt32BE(value, index * 6 + 2);
  }
  const peer = new PeerSettings(role);
  return { peer, reason: peer.take(bytes, 0, bytes.length)?.reason };
}

test("PeerSettings.take() takes what RFC 9113 section 6.5.2 names, and ignores the rest", () => {
  const { peer, reason } = told("server", [3, 7], [4, 100], [5, 65_536], [6, 9], [8, 1], [99, 5]);
  expect(reason).toBeUndefined();
  expect(peer.toState()).toEqual({
    maxConcurrentStreams: 7,
    initialWindowBytes: 100,
    maxFrameBytes: 65_536,
    maxListBytes: 9,
    connectProtocol: true,
  });
});

test("PeerSettings.take() takes the last of several values", () => {
  expect(told("server", [4, 100], [4, 1]).peer.initialWindowBytes).toBe(1);
});

test.each([
  ["6.5.2, a server that takes pushes", "server", [[2, 1]], "h2-settings-invalid"],
  ["6.5.2, a push that is neither 0 nor 1", "client", [[2, 2]], "h2-settings-invalid"],
  ["6.5.2, a window above 2^31 - 1", "client", [[4, 2 ** 31]], "h2-window-overflow"],
  ["6.5.2, frames below 16 384", "client", [[5, 16_383]], "h2-settings-invalid"],
  ["6.5.2, frames above 2^24 - 1", "client", [[5, 2 ** 24]], "h2-settings-invalid"],
  ["3 of RFC 8441, a value above 1", "client", [[8, 2]], "h2-settings-invalid"],
  [
    "3 of RFC 8441, taking it back",
    "client",
    [
      [8, 1],
      [8, 0],
    ],
    "h2-settings-invalid",
  ],
] as const)("PeerSettings.take() refuses what breaks section %s", (_, role, entries, reason) => {
  expect(told(role, ...entries).reason).toBe(reason);
});

test("PeerSettings.take() refuses half an entry", () => {
  expect(new PeerSettings("client").take(Buffer.alloc(8), 0, 7)?.reason).toBe("h2-frame-size");
});

test("PeerSettings goes on with what another process was told", () => {
  const { peer } = told("client", [3, 7], [5, 65_536]);
  const other = new PeerSettings("client");
  other.restore(JSON.parse(JSON.stringify(peer.toState())));
  expect([other.known, other.maxFrameBytes, other.maxConcurrentStreams]).toEqual([true, 65_536, 7]);
});

test("OWN_SETTINGS of a server let WebSocket in, and those of a client no push", () => {
  expect(OWN_SETTINGS.server).toContain("\0\x08\0\0\0\x01");
  expect(OWN_SETTINGS.client).toContain("\0\x02\0\0\0\0");
});
