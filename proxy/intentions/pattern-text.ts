/** A pattern cannot be used; the message says why. */
export class PatternError extends Error {
  constructor(pattern: string, reason: string) {
    super(`Cannot use pattern ${JSON.stringify(pattern)}: ${reason}`);
  }
}

/** Longest pattern: people write them by hand. */
const LENGTH_MAX = 1_024;

/** The text of a pattern, and how far it has been read. */
export class PatternText {
  readonly text: string;
  #at = 0;

  /** @throws PatternError if the text is too long or not ASCII */
  constructor(text: string) {
    this.text = text;
    if (text.length > LENGTH_MAX) this.fail(`wanted at most ${LENGTH_MAX} characters`);
    // oxlint-disable-next-line no-control-regex
    if (!/^[\0-\u007f]*$/.test(text)) this.fail("wanted ASCII; \\xE9 stands for a byte");
  }

  /** The next character. "" at the end. */
  get next(): string {
    return this.text.charAt(this.#at);
  }

  get atEnd(): boolean {
    return this.#at >= this.text.length;
  }

  /** Reads one character. @throws PatternError at the end */
  take(): string {
    const { next } = this;
    if (next === "") this.fail("it ends too soon");
    this.#at += 1;
    return next;
  }

  /** Reads this text if it comes next. */
  takes(text: string): boolean {
    if (!this.text.startsWith(text, this.#at)) return false;
    this.#at += text.length;
    return true;
  }

  /** Reads what matches next (`wanted` begins with `^`). undefined: nothing does. */
  takeMatch(wanted: RegExp): RegExpExecArray | undefined {
    const found = wanted.exec(this.text.slice(this.#at)) ?? undefined;
    this.#at += found?.[0].length ?? 0;
    return found;
  }

  /** Always throws. @throws PatternError */
  fail(reason: string): never {
    throw new PatternError(this.text, reason);
  }
}
