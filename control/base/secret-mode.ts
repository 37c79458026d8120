import type { Stats } from "node:fs";

/** Mode bits by which others than the owner have a file (POSIX S_IRWXG, S_IRWXO). */
const OTHERS = 0o077;

/** The same for a file of root's, whose group may read it: how others get a key from root. */
const OTHERS_THAN_GROUP = 0o037;

/**
 * Why a key's file is not secret: others than we and root may read or write it. undefined: nobody
 * else can. `own`: our user; undefined on Windows, which knows neither owners nor modes in this
 * sense, and where nothing is checked.
 */
export function secrecyFlaw(
  path: string,
  { mode, uid }: Pick<Stats, "mode" | "uid">,
  own: number | undefined,
): { readonly wanted: string; readonly found: string } | undefined {
  if (own === undefined) return undefined;
  if (uid !== 0 && uid !== own) {
    const wanted = `a key of root or of user ${own} (chown ${own} ${path})`;
    return { wanted, found: `one of user ${uid}` };
  }
  if ((mode & (uid === 0 && own !== 0 ? OTHERS_THAN_GROUP : OTHERS)) === 0) return undefined;
  const wanted = `a key that nobody else can read (chmod 600 ${path})`;
  return { wanted, found: `mode ${(mode & 0o777).toString(8).padStart(4, "0")}` };
}
