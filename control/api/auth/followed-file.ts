import { errorText } from "../../../proxy/base/error-text.ts";
import { fileMark } from "../../base/file-mark.ts";

/** A file that may change at any time, and the value read from it. */
export class FollowedFile<Value> {
  readonly path: string;
  readonly #read: () => Promise<Value>;
  #mark: string;
  #value: Value;
  #problem: string | undefined;

  /** @throws what `read` throws */
  static async open<Value>(
    path: string,
    read: (path: string) => Promise<Value>,
  ): Promise<FollowedFile<Value>> {
    // Taken before it is read, so that a change in between is noticed next time.
    const mark = await fileMark(path);
    return new FollowedFile(path, () => read(path), mark, await read(path));
  }

  private constructor(path: string, read: () => Promise<Value>, mark: string, value: Value) {
    this.path = path;
    this.#read = read;
    this.#mark = mark;
    this.#value = value;
  }

  /** The last value that could be read. */
  get value(): Value {
    return this.#value;
  }

  /** Why the present content cannot be used. undefined: it is in use. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Reads the file again if it has changed. Resolves with whether it has. Never rejects. */
  async refresh(): Promise<boolean> {
    const mark = await fileMark(this.path);
    if (mark === this.#mark) return false;
    this.#mark = mark;
    try {
      this.#value = await this.#read();
      this.#problem = undefined;
    } catch (error) {
      this.#problem = errorText(error);
    }
    return true;
  }
}
