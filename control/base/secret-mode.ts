import type { Stats } from "node:fs";

/** Mode bits by which others than the owner have a file (POSIX S_IRWXG, S_IRWXO). */
const OTHERS = 0o077;

/** The same for a file of root's, whose group may read it: how others get a key from root. */
const OTHERS_THAN_GROUP = 0o037;

/** The bit by which whoever is neither its owner nor in its group may write (S_IWOTH). */
const WRITABLE_BY_ALL = 0o002;

/** What is wrong with who may use a file, and what would help. */
export type ModeFlaw = { readonly wanted: string; readonly found: string };

/**
 * Why a file is not secret: others than we and root may read or write it. undefined: nobody
 * else can. `own`: our user; undefined on Windows, which knows neither owners nor modes in this
 * sense, and where nothing is checked.
 */
export function secrecyFlaw(
  path: string,
  { mode, uid }: Pick<Stats, "mode" | "uid">,
  own: number | undefined,
): ModeFlaw | undefined {
  if (own === undefined) return undefined;
  if (uid !== 0 && uid !== own) {
    const wanted = `a file of root or of user ${own} (chown ${own} ${path})`;
    return { wanted, found: `one of user ${uid}` };
  }
  if ((mode & (uid === 0 && own !== 0 ? OTHERS_THAN_GROUP : OTHERS)) === 0) return undefined;
  const wanted = `a file that nobody else can read (chmod 600 ${path})`;
  return { wanted, found: modeText(mode) };
}

/** Why a file that gives rights is not safe: everybody may write it. undefined: it is safe. */
export function writableFlaw(path: string, { mode }: Pick<Stats, "mode">): ModeFlaw | undefined {
  if ((mode & WRITABLE_BY_ALL) === 0) return undefined;
  return {
    wanted: `a file that not everybody may write (chmod o-w ${path})`,
    found: modeText(mode),
  };
}

/** `mode 0644` */
function modeText(mode: number): string {
  return `mode ${(mode & 0o777).toString(8).padStart(4, "0")}`;
}
