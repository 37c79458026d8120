import { isIP, isIPv6 } from "node:net";

/** As glibc (MAXNS): further servers are not asked. */
const SERVERS_MAX = 3;

/** As Kubernetes allows; each is one more question for a name that is nowhere. */
const SEARCH_MAX = 32;

/** Upper bounds from resolv.conf(5): larger values are cut, as there. */
const NDOTS_MAX = 15;
const TIMEOUT_SECONDS_MAX = 30;
const ATTEMPTS_MAX = 5;

/** resolv.conf(5): without a nameserver the one on this machine is asked. */
const LOCAL_SERVER = "127.0.0.1:53";

/** How names are asked for: resolv.conf(5). */
export type ResolvConf = {
  /** `10.0.0.2:53` or `[::1]:53`, in the order in which they are asked; at least one. */
  readonly servers: readonly string[];
  /** Domains to append to a name. */
  readonly search: readonly string[];
  /** With at least this many dots a name is first asked for as it is, with fewer last. */
  readonly ndots: number;
  /** How long one question to one server may take. At least 1 s. */
  readonly timeoutMs: number;
  /** How often each server is asked, at least 1. */
  readonly attempts: number;
};

/**
 * Reads the text of /etc/resolv.conf. What it does not say defaults as in resolv.conf(5), and
 * unknown lines mean nothing. A server may have a port (`127.0.0.1:8600`, `[::1]:8600`), which the
 * system's own resolver does not know. `hostName`: this machine's, whose domain is searched when
 * the file says nothing of it.
 */
export function parseResolvConf(text: string, hostName: string): ResolvConf {
  const lines = text.split("\n").map(wordsOf);
  const servers = lines.flatMap(([key, value]) =>
    key === "nameserver" ? (serverOf(value) ?? []) : [],
  );
  // The last of these lines counts.
  const searching = lines.findLast(([key]) => key === "search" || key === "domain");
  const options = optionsOf(lines);
  return {
    servers: servers.length === 0 ? [LOCAL_SERVER] : servers.slice(0, SERVERS_MAX),
    search: (searching?.slice(1) ?? domainOf(hostName)).filter(isDomain).slice(0, SEARCH_MAX),
    ndots: numberOf(options.get("ndots"), 1, { least: 0, most: NDOTS_MAX }),
    timeoutMs: numberOf(options.get("timeout"), 5, { least: 1, most: TIMEOUT_SECONDS_MAX }) * 1_000,
    attempts: numberOf(options.get("attempts"), 2, { least: 1, most: ATTEMPTS_MAX }),
  };
}

/** The full names to ask for, in this order, until one of them is there. */
export function candidatesOf(name: string, conf: ResolvConf): readonly string[] {
  const searched = conf.search.map((domain) => `${name}.${domain.replace(/^\.|\.$/g, "")}`);
  const dots = name.split(".").length - 1;
  return dots >= conf.ndots ? [name, ...searched] : [...searched, name];
}

/** A comment is a line of its own: resolv.conf(5) knows none behind a value. */
function wordsOf(line: string): readonly string[] {
  return /^[#;]/.test(line) ? [] : line.split(/\s+/).filter((word) => word !== "");
}

function serverOf(text = ""): string | undefined {
  // A scope (fe80::1%eth0) cannot be given to c-ares by Node.
  if (text.includes("%")) return undefined;
  if (isIP(text) !== 0) return isIPv6(text) ? `[${text}]:53` : `${text}:53`;
  const [, address = "", port] = /^(.+):(\d{1,5})$/.exec(text) ?? [];
  const bare = address.replace(/^\[(.+)\]$/, "$1");
  if (isIP(bare) === 0 || Number(port) < 1 || Number(port) > 65_535) return undefined;
  return isIPv6(bare) ? `[${bare}]:${port}` : `${bare}:${port}`;
}

function optionsOf(lines: readonly (readonly string[])[]): ReadonlyMap<string, string> {
  const words = lines.flatMap(([key, ...rest]) => (key === "options" ? rest : []));
  return new Map(words.map((word) => word.split(":", 2) as [string, string]));
}

function numberOf(
  text: string | undefined,
  otherwise: number,
  { least, most }: { readonly least: number; readonly most: number },
): number {
  if (text === undefined || !/^\d+$/.test(text)) return otherwise;
  return Math.min(most, Math.max(least, Number(text)));
}

function domainOf(hostName: string): readonly string[] {
  const dot = hostName.indexOf(".");
  return dot === -1 ? [] : [hostName.slice(dot + 1)];
}

/** `search .` turns searching off. */
function isDomain(domain: string): boolean {
  return domain.replaceAll(".", "") !== "";
}
