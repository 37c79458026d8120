import { errorText } from "../../proxy/base/error-text.ts";
import { type Clock, pause } from "../../proxy/base/clock.ts";
import type { Log } from "../../proxy/base/log.ts";
import { ConfigError } from "../base/errors.ts";
import { asFileFlaw } from "../base/file-flaw.ts";
import { oneToken } from "../base/one-token.ts";
import { readSmallFile } from "../base/read-small-file.ts";
import type { FileRule } from "../base/read-small-file.ts";
import type { ConsulClient } from "../consul/client.ts";

/** How often the file is read: a rotated token must be in use before the former one ends. */
const READ_EVERY_MS = 5_000;
/** Larger ones hold something else than a token: Consul's are 36 characters, JWTs some thousand. */
const TOKEN_RULE: FileRule = { bytesMax: 16_384, others: "anything" };

/**
 * Reads a file that holds an ACL token; white space around it does not count.
 * @throws ConfigError, which never quotes the file
 */
export async function readTokenFile(path: string): Promise<string> {
  try {
    return oneToken(await readSmallFile(path, TOKEN_RULE), path);
  } catch (error) {
    const { wanted, found } = asFileFlaw(error, `one token in ${path}`);
    throw new ConfigError("consul", [{ path: "consul.tokenFile", wanted, found }]);
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
