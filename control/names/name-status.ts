import { isIPv6, SocketAddress } from "node:net";
import type { AddressRecord } from "./address-record.ts";

/**
 * Addresses of one name that become endpoints: each has a pool in every worker. DNS can give some
 * thousands in one answer over TCP.
 */
export const ADDRESSES_MAX = 256;

/** What is known of a name now. */
export type NameStatus =
  /** The first question is under way. */
  | { readonly kind: "asking" }
  /** At least one address, as in a URL: an IPv6 address has its brackets. In a stable order. */
  | { readonly kind: "resolved"; readonly addresses: readonly string[] }
  /** The same, from before: DNS does not answer now. */
  | { readonly kind: "stale"; readonly addresses: readonly string[]; readonly reason: string }
  /** No address. `reason`: for people. */
  | { readonly kind: "unresolved"; readonly reason: string };

/** The same, once there is something to tell. */
export type KnownStatus = Exclude<NameStatus, { readonly kind: "asking" }>;

/** What both families of a name come to. */
export function answeredStatus(
  { v4, v6 }: { readonly v4: AddressRecord; readonly v6: AddressRecord },
  reach: Reach,
): NameStatus {
  const all = [...v4.addresses, ...v6.addresses];
  // One family answers: the other is not worth waiting for.
  if (all.length === 0 && (v4.last === undefined || v6.last === undefined)) {
    return { kind: "asking" };
  }
  const addresses = connectable(all, reach);
  const failed = [v4, v6].find(hasFailed);
  if (addresses.length > 0) {
    const isStale = failed !== undefined && failed.addresses.length > 0;
    return isStale
      ? { kind: "stale", addresses, reason: reasonOf(failed) }
      : { kind: "resolved", addresses };
  }
  if (all.length > 0) return { kind: "unresolved", reason: NOT_REACHABLE };
  return { kind: "unresolved", reason: reasonOf(failed ?? v4) };
}

/** What fixed addresses (of a hosts file) come to. */
export function fixedStatus(addresses: readonly string[], reach: Reach): NameStatus {
  const usable = connectable(addresses, reach);
  if (usable.length > 0) return { kind: "resolved", addresses: usable };
  return { kind: "unresolved", reason: NOT_REACHABLE };
}

/** Whether this machine has addresses by which IPv6 can be reached at all. */
export type Reach = {
  /** An IPv6 address of its own, link-local ones aside. */
  readonly v6: boolean;
  /** `::1`. */
  readonly v6Loopback: boolean;
};

const NOT_REACHABLE = "none of its addresses can be reached from this machine";

/**
 * Addresses to which a connection can be made. Without IPv6 of its own a machine gets none to
 * connect to (getaddrinfo's AI_ADDRCONFIG). `0.0.0.0` and `::`, by which blocking DNS servers say
 * no, would be this machine; link-local addresses mean nothing without an interface.
 */
function connectable(addresses: readonly string[], reach: Reach): readonly string[] {
  const usable = new Set<string>();
  for (const address of addresses) {
    if (!isIPv6(address)) {
      if (address !== "0.0.0.0") usable.add(address);
      continue;
    }
    const canonical = new SocketAddress({ address, family: "ipv6" }).address;
    if (canonical === "::" || /^fe[89ab]/.test(canonical)) continue;
    if (canonical === "::1" ? reach.v6Loopback : reach.v6) usable.add(`[${canonical}]`);
  }
  // DNS servers rotate what they give: the order must not.
  return [...usable].toSorted().slice(0, ADDRESSES_MAX);
}

function hasFailed({ last }: AddressRecord): boolean {
  return last?.kind === "failed";
}

function reasonOf({ last }: AddressRecord): string {
  return last === undefined || last.kind === "addresses" ? "no answer yet" : last.reason;
}
