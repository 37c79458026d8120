import { lookup } from "node:dns";
import { BlockList, isIP } from "node:net";
import type { LookupFunction } from "node:net";
import type { ApiAddress } from "./api-address.ts";
import { CliError, EXIT } from "./cli-error.ts";

/** Bytes to these addresses do not leave the machine (RFC 1122 section 3.2.1.3, RFC 4291 2.5.3). */
const LOOPBACK = new BlockList();
LOOPBACK.addSubnet("127.0.0.0", 8, "ipv4");
LOOPBACK.addAddress("::1", "ipv6");

/**
 * Sees to it that a token goes in clear to a loopback address only. Returns what is to resolve a
 * name in the address, so that what was judged is what is connected to. undefined: nothing is in
 * clear, or no name is to be resolved.
 * @throws CliError token_in_clear
 */
export function clearTextGuard({ secure, origin, text }: ApiAddress): LookupFunction | undefined {
  if (secure || origin === undefined) return undefined;
  const host = origin.hostname.replace(/^\[|\]$/g, "");
  if (isIP(host) === 0) return loopbackLookup(text);
  if (!isLoopback(host)) throw inClear(text, host);
  return undefined;
}

function loopbackLookup(text: string): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return callback(error, []);
      const foreign = addresses.find(({ address }) => !isLoopback(address));
      if (foreign !== undefined) return callback(inClear(text, foreign.address), []);
      const [first] = addresses;
      if (options.all === true || first === undefined) return callback(null, addresses);
      return callback(null, first.address, first.family);
    });
  };
}

function isLoopback(address: string): boolean {
  return LOOPBACK.check(address, isIP(address) === 6 ? "ipv6" : "ipv4");
}

function inClear(text: string, address: string): CliError {
  const wanted = "https://, unix:/PATH or a loopback address";
  const help = `with \`ssh -L 9180:127.0.0.1:9180 HOST\` the API of HOST is at 127.0.0.1:9180`;
  return new CliError(
    "token_in_clear",
    `Cannot send a token to ${text}: wanted ${wanted}, found ${address} without TLS; ${help}`,
    { exitCode: EXIT.usage },
  );
}
