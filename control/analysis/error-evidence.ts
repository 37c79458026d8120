import { ErrorTest } from "./error-test.ts";
import type { Arm, Counts } from "./second.ts";
import type { JudgePolicy } from "./judge-policy.ts";

const NOTHING: Counts = { requests: 0, failures: 0 };

/**
 * The errors of a rollout, looked at in three ways: for the whole version, without each of its
 * endpoints in turn, and by route.
 */
export class ErrorEvidence {
  readonly whole: ErrorTest;
  readonly #policy: JudgePolicy["errors"];
  readonly #without: ErrorTest[] = [];
  readonly #routes: ErrorTest[] = [];

  constructor(policy: JudgePolicy["errors"]) {
    this.#policy = policy;
    this.whole = new ErrorTest(policy);
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

  /** Compares the canary without each of its endpoints in turn with all of stable. */
  #addWithout({ endpoints = [], requests }: Arm, stable: Counts, share: number): void {
    if (endpoints.length < 2) return;
    while (this.#without.length < endpoints.length) this.#without.push(this.#informed());
    const failures = endpoints.reduce((sum, endpoint) => sum + endpoint.failures, 0);
    const odds = share / (1 - share);
    for (const [index, endpoint] of endpoints.entries()) {
      const part = requests > 0 ? endpoint.requests / requests : 1 / endpoints.length;
      const rest = odds * (1 - part);
      const others = {
        requests: requests - endpoint.requests,
        failures: failures - endpoint.failures,
      };
      this.#without[index]?.add(others, stable, rest / (1 + rest));
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
