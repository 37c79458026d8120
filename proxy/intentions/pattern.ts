import { compilePattern } from "./pattern-program.ts";
import type { PatternProgram } from "./pattern-program.ts";
import { parsePattern } from "./pattern-syntax.ts";
import { PatternError } from "./pattern-text.ts";

/** Number of byte values: text of heads has one byte per character. */
const BYTES = 256;

/**
 * States to remember. Beyond them all are forgotten, so that a text which makes a new one with each
 * byte costs what it would without a memory, and no more space.
 */
const STATES_MAX = 512;

/** All steps of the program that the text so far may have led to. */
type State = {
  readonly places: readonly number[];
  /** Whether the pattern matches a text that ends here. */
  readonly accepts: boolean;
  /** By class of the next byte; absent: not computed yet. */
  readonly next: (State | undefined)[];
};

/**
 * A regular expression that must match a whole text, as in Envoy's intentions. It takes one step
 * for each byte of the text, whatever the pattern, so that no caller can make it take long: a lazy
 * deterministic automaton, as in RE2.
 */
export class Pattern {
  readonly #program: PatternProgram;
  /** Bytes that no part of the pattern distinguishes share a class. */
  readonly #classOf: Uint8Array;
  readonly #seen: Uint8Array;
  readonly #states = new Map<string, State>();
  #first: State;

  /** @throws PatternError */
  constructor(text: string, ignoresCase = false) {
    const program = compilePattern(parsePattern(text, ignoresCase));
    if (program === undefined) throw new PatternError(text, "it is too long when written out");
    this.#program = program;
    this.#classOf = byteClasses(program);
    this.#seen = new Uint8Array(program.steps.length);
    this.#first = this.#state([program.first], true);
  }

  /** Whether it matches the whole text. Characters above 255 match nothing. */
  matches(text: string): boolean {
    let state = this.#first;
    for (let at = 0; at < text.length; at += 1) {
      const code = text.charCodeAt(at);
      if (code >= BYTES || state.places.length === 0) return false;
      const byteClass = this.#classOf[code] as number;
      state = state.next[byteClass] ?? this.#step(state, code, byteClass);
    }
    return state.accepts;
  }

  #step(state: State, code: number, byteClass: number): State {
    const { steps } = this.#program;
    const reached = state.places.flatMap((place) => {
      const step = steps[place];
      return step?.kind === "byte" && step.bytes[code] === 1 ? step.next : [];
    });
    const next = this.#state(reached, false);
    state.next[byteClass] = next;
    return next;
  }

  /** The state of these steps and all that they lead to without another byte. */
  #state(from: readonly number[], isStart: boolean): State {
    const places = this.#reach(from, isStart, false);
    const key = places.join();
    const known = isStart ? undefined : this.#states.get(key);
    if (known !== undefined) return known;
    const { steps } = this.#program;
    const accepts = this.#reach(from, isStart, true).some(
      (place) => steps[place]?.kind === "match",
    );
    const state = { places, accepts, next: [] };
    if (isStart) return state;
    if (this.#states.size >= STATES_MAX) this.#forget();
    this.#states.set(key, state);
    return state;
  }

  #forget(): void {
    this.#states.clear();
    this.#first = { ...this.#first, next: [] };
  }

  /** In the program's order, so that equal states have equal keys. */
  #reach(from: readonly number[], isStart: boolean, isEnd: boolean): readonly number[] {
    const { steps } = this.#program;
    const seen = this.#seen.fill(0);
    const places: number[] = [];
    const open = [...from];
    for (let place = open.pop(); place !== undefined; place = open.pop()) {
      const step = steps[place];
      if (step === undefined || seen[place] === 1) continue;
      seen[place] = 1;
      if (step.kind === "fork") open.push(step.next, step.other);
      else if (step.kind === "start" && isStart) open.push(step.next);
      else if (step.kind === "end" && isEnd) open.push(step.next);
      else if (step.kind !== "start") places.push(place);
    }
    return places.toSorted((a, b) => a - b);
  }
}

function byteClasses({ steps }: PatternProgram): Uint8Array {
  const sets = [...new Set(steps.flatMap((step) => (step.kind === "byte" ? [step.bytes] : [])))];
  const classes = new Map<string, number>();
  return Uint8Array.from({ length: BYTES }, (_, byte) => {
    const told = sets.map((bytes) => bytes[byte]).join("");
    const known = classes.get(told) ?? classes.size;
    classes.set(told, known);
    return known;
  });
}
