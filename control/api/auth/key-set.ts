import { open } from "node:fs/promises";
import type { JSONWebKeySet } from "jose";
import { z } from "zod";
import { errorText } from "../../../proxy/base/error-text.ts";
import { ConfigError } from "../../base/errors.ts";

/** Keys of one set: issuers have a handful, and one must fit. */
const KEYS_MAX = 64;

/** Largest set, in bytes: as many keys, each with its certificates. */
export const KEY_SET_BYTES_MAX = 256 * 1024;

/** Parameters of private and of secret keys (RFC 7518 section 6). */
const SECRET_PARAMETERS = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/** Keys of other kinds may be there, and are no use to us (RFC 7517 section 5). */
const keySetSchema = z.object({
  keys: z.array(z.looseObject({ kty: z.string(), kid: z.string().optional() })).max(KEYS_MAX),
});

/**
 * Reads a JSON Web Key Set (RFC 7517) of public keys.
 * @throws Error whose message says what was wanted and never quotes the text
 */
export function readKeySet(text: string): JSONWebKeySet {
  const { data } = keySetSchema.safeParse(parsed(text));
  if (data === undefined) {
    throw new Error(`wanted a JSON Web Key Set of at most ${KEYS_MAX} keys, found something else`);
  }
  const isPublic = data.keys.every((key) => SECRET_PARAMETERS.every((name) => !(name in key)));
  if (!isPublic) throw new Error("wanted public keys only, found a private or secret one");
  return data as JSONWebKeySet;
}

/** Reads a file that holds one. @throws ConfigError */
export async function loadKeySet(path: string): Promise<JSONWebKeySet> {
  try {
    await using file = await open(path, "r");
    const { size } = await file.stat();
    if (size > KEY_SET_BYTES_MAX) {
      throw new Error(`wanted at most ${KEY_SET_BYTES_MAX} bytes, found ${size}`);
    }
    return readKeySet(await file.readFile("utf8"));
  } catch (error) {
    const wanted = "a readable file with the public keys of an issuer";
    throw new ConfigError(path, [{ path: "", wanted, found: errorText(error) }]);
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
