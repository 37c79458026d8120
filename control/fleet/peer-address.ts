import { isLoopbackBind, parseHostPort } from "../config/address.ts";
import type { FleetMember } from "../registry/sidecar-fleet.ts";

/** Where the API of another sidecar can be asked, or why not, in words for operators. */
export type PeerAddress =
  | { readonly kind: "known"; readonly origin: string; readonly isSecure: boolean }
  | { readonly kind: "unknown"; readonly reason: string };

/** Addresses that say where to listen, not where somebody is. */
const WILDCARDS: ReadonlySet<string> = new Set(["0.0.0.0", "::"]);

const ADVISED = "`consul.fleet.address` there says where others find it";

/**
 * Where a member of the fleet can be asked, as seen from the machine `ownHost`. The list is not
 * trusted: only a host with a port will do, never a socket file of this machine. HTTP in clear, and
 * loopback addresses, are only for members that say they are on this machine.
 */
export function peerAddressOf(
  { api, host }: Pick<FleetMember, "api" | "host">,
  ownHost: string,
): PeerAddress {
  if (api === undefined) return unknown("it does not say where its API is");
  if (api.startsWith("unix:")) return unknown(`its API is a Unix socket; ${ADVISED}`);
  const url = URL.parse(api);
  const place = url === null ? undefined : placeOf(url);
  if (url === null || place === undefined) return unknown("its address is none of an API");
  const isSecure = url.protocol === "https:";
  if (WILDCARDS.has(place)) return unknown(`it listens on all addresses; ${ADVISED}`);
  if (isLoopbackBind(`${bracketed(place)}:1`)) {
    if (host === ownHost) return { kind: "known", origin: url.origin, isSecure };
    return unknown(`its API is on the loopback of another machine; ${ADVISED}`);
  }
  if (isSecure) return { kind: "known", origin: url.origin, isSecure };
  return unknown("its API is in clear, and it is asked over https:// only");
}

/** The host of a URL that consists of an origin alone. */
function placeOf(url: URL): string | undefined {
  const isWeb = url.protocol === "https:" || url.protocol === "http:";
  const isOrigin = url.pathname === "/" && url.search === "" && url.hash === "";
  if (!isWeb || !isOrigin || url.username !== "" || url.password !== "") return undefined;
  return parseHostPort(`${url.hostname}:${url.port === "" ? "443" : url.port}`)?.host;
}

function bracketed(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}

function unknown(reason: string): PeerAddress {
  return { kind: "unknown", reason };
}
