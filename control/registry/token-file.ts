import { open } from "node:fs/promises";
import { errorText } from "../../proxy/base/error-text.ts";
import { type Clock, pause } from "../../proxy/base/clock.ts";
import type { Log } from "../../proxy/base/log.ts";
import { ConfigError } from "../base/errors.ts";
import type { ConsulClient } from "../consul/client.ts";

/** How often the file is read: a rotated token must be in use before the former one ends. */
const READ_EVERY_MS = 5_000;
/** Larger ones hold something else than a token: Consul's are 36 characters, JWTs some thousand. */
const TOKEN_BYTES_MAX = 16_384;

/**
 * Reads a file that holds an ACL token; white space around it does not count.
 * @throws ConfigError, which never quotes the file
 */
export async function readTokenFile(path: string): Promise<string> {
  try {
    await using file = await open(path, "r");
    const { buffer, bytesRead } = await file.read(Buffer.alloc(TOKEN_BYTES_MAX + 1));
    const token = buffer.toString("utf8", 0, bytesRead).trim();
    if (bytesRead <= TOKEN_BYTES_MAX && /^[!-~]+$/.test(token)) return token;
    throw new Error(token === "" ? "an empty file" : "something else");
  } catch (error) {
    const wanted = `a readable file (${path}) with one token`;
    throw new ConfigError("consul", [
      { path: "consul.tokenFile", wanted, found: errorText(error) },
    ]);
  }
}

/**
 * Gives the client the token of the file whenever it has another one, until the signal is aborted;
 * then it resolves. A file that cannot be read is told once, and the token in use stays.
 */
export async function followTokenFile(
  deps: { readonly client: ConsulClient; readonly clock: Clock; readonly log: Log },
  path: string,
  signal: AbortSignal,
): Promise<void> {
  const { client, clock, log } = deps;
  let problem: string | undefined;
  while (!signal.aborted) {
    await pause(clock, READ_EVERY_MS, signal);
    try {
      if (client.useToken(await readTokenFile(path))) log.info("consul.token", { path });
      problem = undefined;
    } catch (error) {
      const text = errorText(error);
      if (text !== problem) log.warn("consul.token_unreadable", { path, error: text });
      problem = text;
    }
  }
}
