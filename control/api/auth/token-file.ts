import { stat } from "node:fs/promises";
import { errorText } from "../../../proxy/base/error-text.ts";
import type { TokenEntry } from "../../config/auth-schema.ts";
import { loadTokens } from "../../config/load-tokens.ts";

/** A file of tokens, which may change at any time. */
export class TokenFile {
  readonly path: string;
  readonly #others: readonly TokenEntry[];
  #mark: string;
  #entries: readonly TokenEntry[] = [];
  #problem: string | undefined;

  /** `others`: see loadTokens(). @throws ConfigError */
  static async open(path: string, others: readonly TokenEntry[]): Promise<TokenFile> {
    const mark = await markOf(path);
    const file = new TokenFile(path, others, mark);
    file.#entries = await loadTokens(path, others);
    return file;
  }

  private constructor(path: string, others: readonly TokenEntry[], mark: string) {
    this.path = path;
    this.#others = others;
    this.#mark = mark;
  }

  /** What it said when it could last be read. */
  get entries(): readonly TokenEntry[] {
    return this.#entries;
  }

  /** Why what it says now cannot be used. undefined: it is in use. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Reads it again if it has changed. Resolves with whether it looked different. Never rejects. */
  async refresh(): Promise<boolean> {
    // Before it is read: what is written meanwhile is seen the next time.
    const mark = await markOf(this.path);
    if (mark === this.#mark) return false;
    this.#mark = mark;
    try {
      this.#entries = await loadTokens(this.path, this.#others);
      this.#problem = undefined;
    } catch (error) {
      this.#problem = errorText(error);
    }
    return true;
  }
}

/** Tells one state of a file from another; replaced files differ in their inode at least. */
async function markOf(path: string): Promise<string> {
  try {
    const { ino, size, mode, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
    return [ino, size, mode, mtimeNs, ctimeNs].join(" ");
  } catch (error) {
    return errorText(error);
  }
}
