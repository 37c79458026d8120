import { BlockList } from "node:net";
import { unmappedAddress } from "../base/unmapped-address.ts";
import type { Peer } from "../transport/peer.ts";

/** The entry that stands for peers at the other end of a Unix socket, who have no address. */
const UNIX = "unix";

/** Whom a listener trusts: see ListenerSnapshot.trustedPeers. */
export class TrustedPeers {
  readonly #hasUnix: boolean;
  /** undefined: no address. */
  readonly #addresses: BlockList | undefined;

  /** `entries`: addresses, CIDR ranges and `unix`. */
  constructor(entries: readonly string[]) {
    this.#hasUnix = entries.includes(UNIX);
    this.#addresses = blockListOf(entries.filter((entry) => entry !== UNIX));
  }

  /** The peer at the other end of a Unix socket. */
  get unixPeer(): Peer {
    return { address: "", trusted: this.#hasUnix };
  }

  /** The peer at an IP address. An IPv4 address in the form of an IPv6 one is an IPv4 address. */
  peerAt(text: string): Peer {
    const address = unmappedAddress(text);
    if (this.#addresses === undefined) return { address, trusted: false };
    const family = address.includes(":") ? "ipv6" : "ipv4";
    return { address, trusted: this.#addresses.check(address, family) };
  }
}

function blockListOf(ranges: readonly string[]): BlockList | undefined {
  if (ranges.length === 0) return undefined;
  const list = new BlockList();
  for (const range of ranges) {
    const [address = "", prefix] = range.split("/");
    const family = address.includes(":") ? "ipv6" : "ipv4";
    if (prefix === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(prefix), family);
  }
  return list;
}
