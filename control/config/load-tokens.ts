import { ConfigError } from "../base/errors.ts";
import { asFileFlaw } from "../base/file-flaw.ts";
import { readSmallFile } from "../base/read-small-file.ts";
import type { FileRule } from "../base/read-small-file.ts";
import { tokenFileSchema } from "./auth-schema.ts";
import type { TokenEntry } from "./auth-schema.ts";
import { problemAt, readBy } from "./problems.ts";
import { readYaml } from "./yaml-text.ts";

/**
 * As large as a list of all tokens that may be, each with the most services and a comment. Whoever
 * can add a line to it can do everything.
 */
const TOKENS_RULE: FileRule = { bytesMax: 4 * 1024 ** 2, others: "read" };

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
    return (await readSmallFile(path, TOKENS_RULE)).toString("utf8");
  } catch (error) {
    const { wanted, found } = asFileFlaw(error, "a list of tokens");
    throw new ConfigError(path, [{ path: "", wanted, found }]);
  }
}
