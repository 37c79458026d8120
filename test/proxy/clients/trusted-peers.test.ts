import { expect, test } from "vitest";
import { TrustedPeers } from "../../../proxy/clients/trusted-peers.ts";

const trusted = new TrustedPeers(["10.0.0.0/8", "192.0.2.1", "fd00::/8", "unix"]);
const nobody = new TrustedPeers([]);

test.each([
  ["10.1.2.3", "10.1.2.3", true],
  ["::ffff:10.1.2.3", "10.1.2.3", true],
  ["11.0.0.1", "11.0.0.1", false],
  ["192.0.2.1", "192.0.2.1", true],
  ["192.0.2.2", "192.0.2.2", false],
  ["fd00::1", "fd00::1", true],
  ["fe80::1", "fe80::1", false],
])("TrustedPeers.peerAt(%s) is %s, trusted: %j", (text, address, isTrusted) => {
  expect(trusted.peerAt(text)).toEqual({ address, trusted: isTrusted });
  expect(nobody.peerAt(text)).toEqual({ address, trusted: false });
});

test("TrustedPeers.unixPeer has no address, and is trusted by name only", () => {
  expect(trusted.unixPeer).toEqual({ address: "", trusted: true });
  expect(nobody.unixPeer).toEqual({ address: "", trusted: false });
  expect(new TrustedPeers(["0.0.0.0/0", "::/0"]).unixPeer.trusted).toBe(false);
});
