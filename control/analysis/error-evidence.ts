import { ErrorTest } from "./error-test.ts";
import type { ErrorTestState } from "./error-test.ts";
import type { Arm, Counts } from "./second.ts";
import type { JudgePolicy } from "./judge-policy.ts";

const NOTHING: Counts = { requests: 0, failures: 0 };

/** All that the evidence has come to: plain data. */
export type ErrorEvidenceState = {
  readonly whole: ErrorTestState;
  readonly without: readonly ErrorTestState[];
  readonly routes: readonly ErrorTestState[];
};

/** An endpoint's part of the requests in a second without any. */
function partUnknown(endpoints: number): number {
  return endpoints < 2 ? 0 : 1 / endpoints;
}

/**
 * The errors of a rollout, looked at in three ways: for the whole version, without each of its
 * endpoints in turn, and by route.
 */
export class ErrorEvidence {
  readonly whole: ErrorTest;
  readonly #policy: JudgePolicy["errors"];
  readonly #without: ErrorTest[];
  readonly #routes: ErrorTest[];

  /** `before`: where it goes on. Absent: it begins. */
  constructor(policy: JudgePolicy["errors"], before?: ErrorEvidenceState) {
    const goOn = (state: ErrorTestState): ErrorTest => ErrorTest.from(state, policy);
    this.#policy = policy;
    this.whole = before === undefined ? new ErrorTest(policy) : goOn(before.whole);
    this.#without = (before?.without ?? []).map(goOn);
    this.#routes = (before?.routes ?? []).map(goOn);
  }

  get state(): ErrorEvidenceState {
    return {
      whole: this.whole.state,
      without: this.#without.map(({ state }) => state),
      routes: this.#routes.map(({ state }) => state),
    };
  }

  /**
   * Evidence that the canary is worse. A fault of one endpoint is not the version's, so the least
   * evidence of those without an endpoint counts. Over routes, however many, the mean counts.
   */
  get worse(): number {
    let version = this.whole.worse;
    for (const test of this.#without) {
      version = Math.min(version, test.worse * this.#policy.aloneFactor);
    }
    if (this.#routes.length === 0) return version;
    const routes = this.#routes.reduce((sum, test) => sum + test.worse, 0) / this.#routes.length;
    return (version + routes) / 2;
  }

  /**
   * As ErrorTest.upperExcess(), of the canary without any one endpoint of several if that is less:
   * what one alone does is not the version's. All of these together are wrong in `beta` /
   * aloneFactor, as leaving the worst one out must not make a bad version look good.
   */
  upperExcess(beta: number): number {
    const aloneBeta = beta / (this.#policy.aloneFactor * this.#without.length);
    let upper = this.whole.upperExcess(beta);
    for (const test of this.#without) upper = Math.min(upper, test.upperExcess(aloneBeta));
    return upper;
  }

  /** Adds a second of stable before the rollout. */
  remember(stable: Arm): void {
    this.whole.remember(this.#counts(stable));
    for (const [index, counts] of (stable.routes ?? []).entries()) {
      this.#routeTest(index).remember(counts);
    }
  }

  /** Gives all tests a fresh start. */
  start(): void {
    for (const test of [this.whole, ...this.#without, ...this.#routes]) test.start();
  }

  /** Adds a second of both. `share`: the canary's of the requests. */
  add(canary: Arm, stable: Arm, share: number): void {
    const counts = this.#counts(stable);
    if (this.#policy.aloneFactor < Infinity) this.#addWithout(canary, counts, share);
    this.#addRoutes(canary.routes ?? [], stable.routes ?? [], share);
    this.whole.add(this.#counts(canary), counts, share);
  }

  #counts(arm: Arm): Counts {
    if (this.#policy.unit === "request") return arm;
    return { requests: arm.requests, failures: arm.failingKeys };
  }

  /**
   * Compares the canary without each of its endpoints in turn with all of stable. One that has a
   * single endpoint is compared whole: otherwise nothing would be left to compare.
   */
  #addWithout(canary: Arm, stable: Counts, share: number): void {
    const { endpoints = [], requests } = canary;
    const isSingle = endpoints.length < 2;
    if (!isSingle) {
      while (this.#without.length < endpoints.length) this.#without.push(this.#informed());
    }
    const sum = endpoints.reduce((total, endpoint) => total + endpoint.failures, 0);
    // Failures for which there was no endpoint are nobody's to leave out.
    const failures = Math.max(sum, this.#counts(canary).failures);
    const odds = share / (1 - share);
    for (const [index, test] of this.#without.entries()) {
      const left = isSingle ? NOTHING : (endpoints[index] ?? NOTHING);
      const part = requests > 0 ? left.requests / requests : partUnknown(endpoints.length);
      const rest = odds * (1 - part);
      const others = { requests: requests - left.requests, failures: failures - left.failures };
      test.add(others, stable, rest / (1 + rest));
    }
  }

  /** A new test that knows as much about stable as the one for the whole version. */
  #informed(): ErrorTest {
    const test = new ErrorTest(this.#policy);
    test.remember(this.whole.stable);
    return test;
  }

  #addRoutes(canary: readonly Counts[], stable: readonly Counts[], share: number): void {
    for (const [index, counts] of canary.entries()) {
      this.#routeTest(index).add(counts, stable[index] ?? NOTHING, share);
    }
  }

  #routeTest(index: number): ErrorTest {
    return (this.#routes[index] ??= new ErrorTest(this.#policy));
  }
}
