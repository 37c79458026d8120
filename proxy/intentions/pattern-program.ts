import type { ByteSet } from "./byte-sets.ts";
import type { PatternNode } from "./pattern-syntax.ts";

/**
 * A step of a program. `next` and `other` are indices of the steps that follow. fork: both follow;
 * start and end: the next follows only there in the text; match: the pattern ends here.
 */
export type PatternStep =
  | { readonly kind: "byte"; readonly bytes: ByteSet; readonly next: number }
  | { readonly kind: "start" | "end"; readonly next: number }
  | { readonly kind: "fork"; readonly next: number; readonly other: number }
  | { readonly kind: "match" };

/** A pattern as a machine that can be at several steps at once (Thompson's construction). */
export type PatternProgram = { readonly steps: readonly PatternStep[]; readonly first: number };

/**
 * Steps of one program: for every byte of a text, the machine may be at each of them. Envoy's own
 * limit is 100 unless it is raised.
 */
const STEPS_MAX = 2_000;

/** Compiles a pattern. undefined: it needs more than STEPS_MAX steps. */
export function compilePattern(node: PatternNode): PatternProgram | undefined {
  const steps: PatternStep[] = [{ kind: "match" }];
  const first = new StepWriter(steps).write(node, 0);
  return steps.length > STEPS_MAX ? undefined : { steps, first };
}

/** Writes what follows before what leads to it, so that each step knows what is next. */
class StepWriter {
  readonly #steps: PatternStep[];

  constructor(steps: PatternStep[]) {
    this.#steps = steps;
  }

  /** Writes a part that `next` follows. Returns its first step, or anything if it is too long. */
  write(node: PatternNode, next: number): number {
    if (this.#steps.length > STEPS_MAX) return next;
    switch (node.kind) {
      case "byte":
        return this.#add({ kind: "byte", bytes: node.bytes, next });
      case "start":
      case "end":
        return this.#add({ kind: node.kind, next });
      case "sequence":
        return node.parts.reduceRight((after, part) => this.write(part, after), next);
      case "choice":
        return node.parts
          .map((part) => this.write(part, next))
          .reduceRight((other, begin) => this.#add({ kind: "fork", next: begin, other }));
      case "repeat":
        return this.#repeat(node, next);
    }
  }

  #repeat(node: Extract<PatternNode, { kind: "repeat" }>, next: number): number {
    const { part, least, most } = node;
    let begin = most === Infinity ? this.#loop(part, next) : next;
    const optional = most === Infinity ? 0 : most - least;
    // Each only after the one before: (a(a(a)?)?)?
    for (let count = 0; count < optional; count += 1) {
      begin = this.#add({ kind: "fork", next: this.write(part, begin), other: next });
    }
    for (let count = 0; count < least; count += 1) begin = this.write(part, begin);
    return begin;
  }

  #loop(part: PatternNode, other: number): number {
    const fork = this.#add({ kind: "match" });
    this.#steps[fork] = { kind: "fork", next: this.write(part, fork), other };
    return fork;
  }

  #add(step: PatternStep): number {
    return this.#steps.push(step) - 1;
  }
}
