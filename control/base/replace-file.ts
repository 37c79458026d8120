import { randomUUID } from "node:crypto";
import { open, readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/** The end of a draft's name: an UUID, as nobody can foresee. */
const DRAFT = /^\.[0-9a-f-]{36}\.new$/;

/**
 * Replaces a file as a whole, readable only by its owner: at any moment, a power cut included, it
 * is the old one or the new one. The draft has a name that nobody can foresee, and is never
 * something that was there already, such as another's link.
 */
export async function replaceFile(path: string, text: string): Promise<void> {
  const draft = `${path}.${randomUUID()}.new`;
  try {
    await using file = await open(draft, "wx", 0o600);
    await file.writeFile(text);
    await file.sync();
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true }).catch(() => undefined);
    throw error;
  }
  // The rename itself reaches the disk with its folder (fsync(2)).
  await using folder = await open(dirname(path), "r");
  await folder.sync();
}

/** Removes what killed processes have left. Nobody else may be replacing the file. */
export async function removeDrafts(path: string): Promise<void> {
  const own = basename(path);
  const names = await readdir(dirname(path));
  const drafts = names.filter((name) => name.startsWith(own) && DRAFT.test(name.slice(own.length)));
  for (const name of drafts) await rm(join(dirname(path), name), { force: true });
}
