import { isIP, isIPv4, isIPv6, SocketAddress } from "node:net";

/** Longest path of a Unix socket on every system we know (sun_path of macOS, without its NUL). */
const SOCKET_PATH_MAX = 103;

/** Longest host name (RFC 1035 section 2.3.4). */
const HOST_NAME_MAX = 253;

/** A label of a host name: letters, digits, `-` inside, and the `_` that people use. */
const LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;

/** A TCP address in parts. `host` is canonical: lower case, an IPv6 address without brackets. */
export type HostPort = {
  readonly host: string;
  /** 0 … 65 535. */
  readonly port: number;
};

/** Reads `10.0.0.5:3000`, `[::1]:3000` or `name:3000`. undefined: none of these. */
export function parseHostPort(text: string): HostPort | undefined {
  const [, hostText, portText] = /^(.+):(\d{1,5})$/.exec(text) ?? [];
  const host = hostText === undefined ? undefined : canonicalHost(hostText);
  const port = Number(portText);
  return host === undefined || port > 65_535 ? undefined : { host: unbracketed(host), port };
}

/**
 * The one way in which an endpoint's address is written: `10.0.0.5:3000`, `[::1]:3000`, `name:3000`
 * (control/names finds its addresses) or `unix:/run/web.sock`. undefined: not an address.
 */
export function canonicalEndpoint(text: string): string | undefined {
  const bind = canonicalBind(text);
  return bind === undefined || bind.endsWith(":0") ? undefined : bind;
}

/**
 * Like canonicalEndpoint(), for what a registry says: never a Unix socket, because whoever
 * registers an instance must not choose among the sockets of this machine.
 */
export function canonicalRemote(text: string): string | undefined {
  return text.startsWith("unix:") ? undefined : canonicalEndpoint(text);
}

/** Like canonicalEndpoint(), but also accepts port 0, which means any free port. */
export function canonicalBind(text: string): string | undefined {
  if (text.startsWith("unix:")) return isSocketPath(text.slice(5)) ? text : undefined;
  const address = parseHostPort(text);
  if (address === undefined) return undefined;
  return `${isIPv6(address.host) ? `[${address.host}]` : address.host}:${address.port}`;
}

/**
 * A host without port, in lower case: a name, an IPv4 address or a bracketed IPv6 address.
 * undefined: none of these.
 */
export function canonicalHost(text: string): string | undefined {
  const host = text.toLowerCase();
  if (host.startsWith("[")) return canonicalIPv6(host);
  if (isIPv4(host)) return host;
  const labels = host.split(".");
  // A last label of digits alone would be read as (part of) an IPv4 address by some resolvers.
  const isName = labels.every((label) => LABEL.test(label)) && !/^\d+$/.test(labels.at(-1) ?? "");
  return isName && host.length <= HOST_NAME_MAX ? host : undefined;
}

/** An endpoint that is known by a name: it has no address until somebody has resolved the name. */
export type NamedAddress = { readonly host: string; readonly port: number };

/**
 * The name and port in an endpoint's address. undefined: it is an IP address or a Unix socket, to
 * which a worker can connect.
 */
export function namedAddress(address: string): NamedAddress | undefined {
  if (address.startsWith("unix:")) return undefined;
  const colon = address.lastIndexOf(":");
  const host = address.slice(0, colon);
  if (host.startsWith("[") || isIPv4(host)) return undefined;
  return { host, port: Number(address.slice(colon + 1)) };
}

/** Whether only this machine can reach a (canonical) bind. */
export function isLoopbackBind(bind: string): boolean {
  if (bind.startsWith("unix:")) return true;
  const host = parseHostPort(bind)?.host ?? "";
  return host === "localhost" || host === "::1" || (isIPv4(host) && host.startsWith("127."));
}

/**
 * Whether a text is an address or a range such as `10.0.0.0/8` or `fd00::/8` (RFC 4632, RFC 4291).
 */
export function isAddressRange(text: string): boolean {
  const [, address, bits] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const family = isIP(address ?? "");
  return family !== 0 && (bits === undefined || Number(bits) <= (family === 4 ? 32 : 128));
}

function canonicalIPv6(bracketed: string): string | undefined {
  const address = bracketed.endsWith("]") ? bracketed.slice(1, -1) : "";
  if (!isIPv6(address) || address.includes("%")) return undefined;
  return `[${new SocketAddress({ address, family: "ipv6" }).address}]`;
}

function unbracketed(host: string): string {
  return host.startsWith("[") ? host.slice(1, -1) : host;
}

function isSocketPath(path: string): boolean {
  return path.startsWith("/") && path.length <= SOCKET_PATH_MAX && !path.includes("\0");
}
