import type { JSONWebKeySet } from "jose";
import { z } from "zod";
import { ConfigError } from "../../base/errors.ts";
import { asFileFlaw, FileFlaw } from "../../base/file-flaw.ts";
import { readSmallFile } from "../../base/read-small-file.ts";

/** Keys in one set: issuers have a handful. */
const KEYS_MAX = 64;

/** Largest set, in bytes: KEYS_MAX keys, each with certificates. */
export const KEY_SET_BYTES_MAX = 256 * 1024;

/** Parameters of private and secret keys (RFC 7518 section 6). */
const SECRET_PARAMETERS = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/** Keys of kinds that we do not know are allowed, and ignored (RFC 7517 section 5). */
const keySetSchema = z.object({
  keys: z.array(z.looseObject({ kty: z.string(), kid: z.string().optional() })).max(KEYS_MAX),
});

/**
 * Reads a JSON Web Key Set (RFC 7517) of public keys.
 * @throws FileFlaw, which never quotes the text
 */
export function readKeySet(text: string): JSONWebKeySet {
  const { data } = keySetSchema.safeParse(parsed(text));
  if (data === undefined) {
    throw new FileFlaw(`a JSON Web Key Set of at most ${KEYS_MAX} keys`, "something else");
  }
  const isPublic = data.keys.every((key) => SECRET_PARAMETERS.every((name) => !(name in key)));
  if (!isPublic) throw new FileFlaw("public keys only", "a private or secret one");
  return data as JSONWebKeySet;
}

/** Reads a file with a key set. @throws ConfigError */
export async function loadKeySet(path: string): Promise<JSONWebKeySet> {
  try {
    const rule = { bytesMax: KEY_SET_BYTES_MAX, others: "anything" } as const;
    return readKeySet((await readSmallFile(path, rule)).toString("utf8"));
  } catch (error) {
    const { wanted, found } = asFileFlaw(error, "the public keys of an issuer");
    throw new ConfigError(path, [{ path: "", wanted, found }]);
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
