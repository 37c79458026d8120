import { IntentionJudge } from "../intentions/intention-judge.ts";
import type { SourceRule } from "../intentions/intention-judge.ts";
import type { Intentions } from "../intentions/intentions.ts";
import { soleServiceId } from "../intentions/spiffe-id.ts";
import type { ServiceId } from "../intentions/spiffe-id.ts";

/** The intentions of a worker, as they are now. Until it is told any, nobody may anything. */
export class IntentionsInForce {
  #judge = new IntentionJudge(undefined);

  /** Another object after each change. */
  get judge(): IntentionJudge {
    return this.#judge;
  }

  /** undefined: they are not known. */
  replace(intentions: Intentions | undefined): void {
    this.#judge = new IntentionJudge(intentions);
  }
}

/** A client of Consul's mesh: what it may, by the intentions that are in force at this moment. */
export class JudgedClient {
  /** Who it is. undefined: its certificate says nothing that the mesh knows. */
  readonly source: ServiceId | undefined;
  readonly #inForce: IntentionsInForce;
  #judge: IntentionJudge;
  #rule: SourceRule;

  /** `uris`: of its certificate, which was verified. */
  constructor(uris: readonly string[], inForce: IntentionsInForce) {
    this.source = soleServiceId(uris);
    this.#inForce = inForce;
    this.#judge = inForce.judge;
    this.#rule = this.#judge.ruleFor(this.source);
  }

  /** The same object until intentions change. */
  get rule(): SourceRule {
    const { judge } = this.#inForce;
    if (judge !== this.#judge) {
      this.#judge = judge;
      this.#rule = judge.ruleFor(this.source);
    }
    return this.#rule;
  }
}
