import { open } from "node:fs/promises";
import { errorText } from "../../proxy/base/error-text.ts";
import { ConfigError } from "../base/errors.ts";
import { tokenFileSchema } from "./auth-schema.ts";
import type { TokenEntry } from "./auth-schema.ts";
import { problemAt, readBy } from "./problems.ts";
import { readYaml } from "./yaml-text.ts";

/** As many tokens as a list may have, each with the most services and comments beside it. */
const FILE_BYTES_MAX = 4 * 1024 ** 2;

/** Bit of a file's mode: whoever is neither its owner nor in its group may write. */
const WRITABLE_BY_OTHERS = 0o002;

/**
 * Reads a file of tokens, YAML or JSON: `tokens:` as in the configuration. `${…}` means nothing.
 * `others`: tokens that come from elsewhere, whose names and hashes are taken.
 * @throws ConfigError with every problem found, also when all users may write the file.
 */
export async function loadTokens(
  path: string,
  others: readonly TokenEntry[] = [],
): Promise<readonly TokenEntry[]> {
  const { document, place } = readYaml(await textOf(path), path);
  const read = readBy(tokenFileSchema, document, { place });
  if (read.kind === "wrong") throw new ConfigError(path, read.problems);
  const problems = read.value.tokens.flatMap(({ name, sha256 }, index) => {
    if (!others.some((each) => each.name === name || each.sha256 === sha256)) return [];
    const found = `${JSON.stringify(name)} of the configuration`;
    return [problemAt({ path: ["tokens", index], wanted: "each token once", found }, place)];
  });
  if (problems.length > 0) throw new ConfigError(path, problems);
  return read.value.tokens;
}

async function textOf(path: string): Promise<string> {
  try {
    await using file = await open(path, "r");
    const stats = await file.stat();
    if (stats.size > FILE_BYTES_MAX) throw new Error(`${stats.size} bytes`);
    // Whoever can add a line to it can do everything.
    if ((stats.mode & WRITABLE_BY_OTHERS) !== 0) throw new Error("one that everybody may write");
    return await file.readFile("utf8");
  } catch (error) {
    const wanted = `a readable file of at most ${FILE_BYTES_MAX} bytes, not writable by all`;
    throw new ConfigError(path, [{ path: "", wanted, found: errorText(error) }]);
  }
}
