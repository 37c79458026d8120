import { anyByte, foldedBytes, readBrackets, readEscape, singleByte } from "./byte-sets.ts";
import type { ByteSet } from "./byte-sets.ts";
import { PatternText } from "./pattern-text.ts";

/**
 * A parsed regular expression of Consul's intentions: RE2's syntax, as far as it can be matched
 * byte by byte. What RE2 lacks (back references, lookaround) is missing here too, so the time to
 * match is linear in the length of the text.
 */
export type PatternNode =
  | { readonly kind: "byte"; readonly bytes: ByteSet }
  /** The beginning or the end of the text. */
  | { readonly kind: "start" | "end" }
  | { readonly kind: "sequence" | "choice"; readonly parts: readonly PatternNode[] }
  /** `most` may be Infinity. */
  | {
      readonly kind: "repeat";
      readonly part: PatternNode;
      readonly least: number;
      readonly most: number;
    };

/** How deeply groups may be nested: each is a level of our stack. */
const DEPTH_MAX = 32;
/** Most repetitions that a pattern may ask for, as in RE2. */
const REPEAT_MAX = 1_000;

/** The flags (?i) and (?s) in force at some point. */
type Flags = { readonly ignoresCase: boolean; readonly dotsAll: boolean };

/** Reads a pattern; `ignoresCase`: as if it began with `(?i)`. @throws PatternError */
export function parsePattern(text: string, ignoresCase = false): PatternNode {
  return new PatternReader(new PatternText(text), ignoresCase).read();
}

class PatternReader {
  readonly #text: PatternText;
  #depth = 0;
  #flags: Flags;

  constructor(text: PatternText, ignoresCase: boolean) {
    this.#text = text;
    this.#flags = { ignoresCase, dotsAll: false };
  }

  read(): PatternNode {
    const node = this.#choice();
    if (!this.#text.atEnd) this.#text.fail("found ) without (");
    return node;
  }

  #choice(): PatternNode {
    const parts = [this.#sequence()];
    while (this.#text.takes("|")) parts.push(this.#sequence());
    return { kind: "choice", parts };
  }

  #sequence(): PatternNode {
    const parts: PatternNode[] = [];
    while (!this.#text.atEnd && this.#text.next !== "|" && this.#text.next !== ")") {
      const part = this.#atom();
      if (part !== undefined) parts.push(this.#repeated(part));
    }
    return { kind: "sequence", parts };
  }

  #repeated(part: PatternNode): PatternNode {
    const found = this.#repetition();
    if (found === undefined) return part;
    // Greedy or not makes no difference: the whole text must match.
    this.#text.takes("?");
    if (this.#repetition() !== undefined) this.#text.fail("found one repetition after another");
    const [least, most] = found;
    return { kind: "repeat", part, least, most };
  }

  #repetition(): readonly [number, number] | undefined {
    if (this.#text.takes("*")) return [0, Infinity];
    if (this.#text.takes("+")) return [1, Infinity];
    if (this.#text.takes("?")) return [0, 1];
    // As in RE2, braces that are no repetition are text.
    const found = this.#text.takeMatch(/^\{(\d{1,4})(?:(,)(\d{0,4}))?\}/);
    if (found === undefined) return undefined;
    const [whole, from, comma, to = ""] = found;
    const least = Number(from);
    if (comma === undefined) return this.#bounded(whole, least, least);
    return to === "" ? this.#bounded(whole, least) : this.#bounded(whole, least, Number(to));
  }

  #bounded(whole: string, least: number, most?: number): readonly [number, number] {
    const end = most ?? least;
    const isFine = least <= end && end <= REPEAT_MAX;
    return isFine ? [least, most ?? Infinity] : this.#text.fail(`found the repetition ${whole}`);
  }

  /** undefined: it was flags, which match nothing. */
  #atom(): PatternNode | undefined {
    const { ignoresCase, dotsAll } = this.#flags;
    const next = this.#text.take();
    switch (next) {
      case "(":
        return this.#group();
      case "[":
        return { kind: "byte", bytes: readBrackets(this.#text, ignoresCase) };
      case "\\":
        return this.#escape();
      case "^":
        return { kind: "start" };
      case "$":
        return { kind: "end" };
      case ".":
        return { kind: "byte", bytes: anyByte(dotsAll) };
      case "*":
      case "+":
      case "?":
        return this.#text.fail(`found ${next} with nothing to repeat`);
      default:
        return this.#byte(singleByte(next.charCodeAt(0)));
    }
  }

  #group(): PatternNode | undefined {
    this.#depth += 1;
    if (this.#depth > DEPTH_MAX) {
      this.#text.fail(`wanted at most ${DEPTH_MAX} groups in each other`);
    }
    const outer = this.#flags;
    const isFlags = this.#text.takes("?") && this.#opensFlags();
    const node = isFlags ? undefined : this.#choice();
    if (!this.#text.takes(")")) this.#text.fail("found ( without )");
    if (!isFlags) this.#flags = outer;
    this.#depth -= 1;
    return node;
  }

  /** Reads on after `(?`. true: these are flags for the rest of the enclosing group. */
  #opensFlags(): boolean {
    if (this.#text.takeMatch(/^P?<\w+>/) !== undefined || this.#text.takes(":")) return false;
    const found = this.#text.takeMatch(/^([is]*)(?:-([is]+))?(?=[:)])/);
    if (found === undefined || found[0] === "") this.#text.fail("found (? that means nothing here");
    const [, on = "", off = ""] = found;
    this.#flags = {
      ignoresCase: (this.#flags.ignoresCase || on.includes("i")) && !off.includes("i"),
      dotsAll: (this.#flags.dotsAll || on.includes("s")) && !off.includes("s"),
    };
    return !this.#text.takes(":");
  }

  #escape(): PatternNode {
    if (this.#text.takes("A")) return { kind: "start" };
    if (this.#text.takes("z")) return { kind: "end" };
    return this.#byte(readEscape(this.#text));
  }

  #byte(bytes: ByteSet): PatternNode {
    return { kind: "byte", bytes: this.#flags.ignoresCase ? foldedBytes(bytes) : bytes };
  }
}
