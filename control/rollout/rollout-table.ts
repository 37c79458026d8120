import { ROUTES_MAX } from "../config/service-shape.ts";
import { isUsable } from "../table/serving.ts";
import { pairFlaws } from "../table/compatibility.ts";
import { rolloutCopiesOf } from "../table/rollout-mirror.ts";
import { rolloutMatchOf } from "../table/rollout-route.ts";
import { rolloutWrite } from "../table/service-writes.ts";
import type { Services } from "../table/services.ts";
import type { Clock } from "../../proxy/base/clock.ts";
import type { ServiceSnapshot, VersionSnapshot } from "../../proxy/table/snapshot.ts";
import { recordOf } from "../base/record-of.ts";
import type { TableSight } from "./observation.ts";
import { wantedCopies, wantedDrains, wantedMatch, wantedShare } from "./rollout.ts";
import type { Rollout, RolloutSpec } from "./rollout.ts";
import type { Trial } from "./trials.ts";
import { areInForce, weightsAt } from "./rollout-weights.ts";
import type { Pair } from "./rollout-weights.ts";

/** How long an abort waits for a store that hangs. */
export const STORE_WITHIN_MS = 2_000;

/** The table, as rollouts see and write it. */
export class RolloutTable {
  readonly #services: Services;
  readonly #clock: Clock;

  constructor(services: Services, clock: Clock) {
    this.#services = services;
    this.#clock = clock;
  }

  /** Whether the table is about to be another process's: then nothing may be decided. */
  get isHeld(): boolean {
    return this.#services.isHeld;
  }

  /** Weights in force. undefined: there is no such service. */
  weights(service: string): Pick<TableSight, "weights" | "revision"> | undefined {
    const versions = this.#versions(service);
    if (versions === undefined) return undefined;
    const weights = recordOf(versions.map(({ name, weight }) => [name, weight] as const));
    return { weights, revision: this.#services.revision };
  }

  /** Why both versions cannot share traffic, nor the old one have it back. Empty: they can. */
  incompatibilities({ service, from, to }: Pair & { readonly service: string }): readonly string[] {
    const names = this.#services.names();
    const all = new Map(names.map((name) => [name, { snapshot: this.#services.snapshot(name) }]));
    return pairFlaws(all, service, [from, to]).map(({ text }) => text);
  }

  /** Why no requests of the service can be copied. undefined: they can. */
  whyNotCopied(service: string): string | undefined {
    const document = this.#services.document(service);
    if (document.kind === "tcp") return "kind tcp";
    return rolloutCopiesOf(document) === "others" ? "one" : undefined;
  }

  /** Why no requests of the service can be picked. undefined: they can. */
  whyNotPicked(service: string): string | undefined {
    const { kind, routes = [] } = this.#services.document(service);
    if (kind === "tcp") return "kind tcp";
    return 2 * routes.length >= ROUTES_MAX ? `${routes.length} routes` : undefined;
  }

  /** A service in force. undefined: it, or one of both versions, is not there. */
  sight(spec: SpecSeen): TableSight | undefined {
    const { service, from, to, strategy, capacity } = spec;
    const versions = this.#versions(service);
    const canary = versions?.find(({ name }) => name === to);
    const stable = versions?.find(({ name }) => name === from);
    const seen = this.weights(service);
    if (canary === undefined || stable === undefined || seen === undefined) return undefined;
    const document = this.#services.document(service);
    const match = rolloutMatchOf(document);
    const copies = rolloutCopiesOf(document);
    return {
      ...seen,
      route: match && JSON.stringify(match),
      copies: typeof copies === "object" ? JSON.stringify(copies) : copies,
      old: strategy === "rolling" ? oldOf(stable) : undefined,
      canaryEndpoints: usableOf(canary),
      ...(capacity?.perEndpoint === "observed" && { stableEndpoints: usableOf(stable) }),
      backEndpoints: backOf(stable, strategy),
      isStored: !this.#services.isUnstored,
    };
  }

  /**
   * Writes what a rollout asks for, under its id. What gives traffic back is written whatever
   * serves; only the end of an abort at any revision, and when it cannot be stored: it must never
   * wait for anything.
   * false: it is in force here, but not stored yet. @throws as every write
   */
  async write(rollout: Rollout, seen: TableSight | undefined): Promise<boolean> {
    const { id, spec, before, phase, why } = rollout;
    const isAbort = phase === "aborted";
    const isBack = isAbort || phase === "retreating";
    const weights = weightsAt(before, spec, wantedShare(rollout));
    const context = {
      actor: `rollout ${id}`,
      reason: `${why.rule}: ${why.text}`,
      ifMatch: isAbort || seen === undefined ? ("*" as const) : seen.revision,
      force: isBack,
      rollout: id,
    };
    const ready = isBack ? spec.from : undefined;
    const match = wantedMatch(rollout);
    const copies = wantedCopies(rollout);
    const own = { to: spec.to, rollout: id };
    const route = match === undefined ? "none" : { match, ...own };
    const mirror = copies === undefined ? "none" : { asked: copies, ...own };
    const despiteStore = isAbort ? () => this.#clock.sleep(STORE_WITHIN_MS) : undefined;
    const write = rolloutWrite(
      spec.service,
      { weights, ready, route, mirror, drains: wantedDrains(rollout), despiteStore },
      context,
    );
    const { isUnstored = false } = await this.#services.change(write);
    return !isUnstored;
  }

  /** Takes a shift back that nobody has confirmed. false: other weights are in force. */
  async takeBack({ service, before, after, actor }: Trial): Promise<boolean> {
    const seen = this.weights(service);
    if (seen === undefined || !areInForce(after, seen.weights)) return false;
    const reason = `nobody has confirmed what ${actor} tried`;
    // As an abort: nothing may keep it from happening.
    const context = {
      actor: "trial",
      reason,
      ifMatch: "*" as const,
      force: true,
      rollout: "trial",
    };
    const back = {
      weights: before,
      ready: undefined,
      route: "stays",
      mirror: "stays",
      drains: undefined,
      despiteStore: undefined,
    } as const;
    await this.#services.change(rolloutWrite(service, back, context));
    return true;
  }

  #versions(service: string): ServiceSnapshot["versions"] | undefined {
    if (!this.#services.has(service)) return undefined;
    return this.#services.snapshot(service).versions;
  }
}

type SpecSeen = Pick<RolloutSpec, "service" | "from" | "to" | "strategy" | "capacity">;

/** How many of its endpoints can take work. */
function usableOf({ state, endpoints }: VersionSnapshot): number {
  return state === "ready" ? endpoints.filter(isUsable).length : 0;
}

function oldOf({ state, endpoints }: VersionSnapshot): TableSight["old"] {
  return endpoints.map((each) => {
    return {
      address: each.address,
      state: each.state,
      usable: state === "ready" && isUsable(each),
    };
  });
}

/** How many could after an abort, which makes the version ready, and what a rolling one has out. */
function backOf({ endpoints }: VersionSnapshot, strategy: RolloutSpec["strategy"]): number {
  const back = endpoints.map((each) => {
    const isOut = strategy === "rolling" && each.state === "drain";
    return isOut ? { ...each, state: "ready" as const } : each;
  });
  return back.filter(isUsable).length;
}
