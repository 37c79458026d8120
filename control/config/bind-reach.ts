import { isIPv4 } from "node:net";
import { normalize } from "node:path";
import { parseHostPort } from "./address.ts";

/** IPv4 in the form of IPv6 (RFC 4291 section 2.5.5.2): the same address. */
const MAPPED_PREFIX = "::ffff:";

/**
 * Whether the system refuses one of two (canonical) binds once the other is taken. Port 0 is any
 * free one, and so overlaps nothing. Names other than localhost are compared as texts: only the
 * system knows their addresses.
 */
export function bindsOverlap(left: string, right: string): boolean {
  return isSamePlace(left, right, (ours, theirs) => covers(ours, theirs) || covers(theirs, ours));
}

/**
 * Whether a connection to a (canonical) endpoint ends at a bind of this machine. What a wildcard
 * bind is reached by beside loopback is not known here: a loop through it is seen by its requests.
 */
export function reachesBind(endpoint: string, bind: string): boolean {
  return isSamePlace(endpoint, bind, (host, bound) => {
    // To connect to no address in particular is to connect to this machine.
    if (isWildcard(host)) return isWildcard(bound) || addressesOf(bound).some(isLoopback);
    const isLocal = !isWildcard(bound) || addressesOf(host).some(isLoopback);
    return isLocal && covers(bound, host);
  });
}

function isSamePlace(
  left: string,
  right: string,
  isSameHost: (left: string, right: string) => boolean,
): boolean {
  if (left.startsWith("unix:") || right.startsWith("unix:")) {
    return left.startsWith("unix:") && normalize(left) === normalize(right);
  }
  const [ours, theirs] = [parseHostPort(left), parseHostPort(right)];
  if (ours === undefined || theirs === undefined || ours.port === 0) return false;
  return ours.port === theirs.port && isSameHost(ours.host, theirs.host);
}

/** Whether binding to `bound` takes in everything that arrives for `host`. */
function covers(bound: string, host: string): boolean {
  // Node listens on :: for IPv4 as well.
  if (bound === "::") return true;
  const [ours, theirs] = [addressesOf(bound), addressesOf(host)];
  if (bound === "0.0.0.0") return theirs.some(isIPv4);
  return ours.some((address) => theirs.includes(address));
}

function addressesOf(host: string): readonly string[] {
  if (host === "localhost") return ["127.0.0.1", "::1"];
  return [host.startsWith(MAPPED_PREFIX) ? host.slice(MAPPED_PREFIX.length) : host];
}

function isWildcard(host: string): boolean {
  return host === "::" || host === "0.0.0.0";
}

function isLoopback(address: string): boolean {
  return address === "::1" || (isIPv4(address) && address.startsWith("127."));
}
