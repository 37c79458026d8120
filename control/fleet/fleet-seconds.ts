import type { Clock } from "../../proxy/base/clock.ts";
import type { ObservationQuestion, ObservedSeconds } from "../../proxy/metrics/second-counts.ts";
import type { FleetMember } from "../registry/sidecar-fleet.ts";
import { askMembers } from "./ask-members.ts";
import type { AskMembersDeps, MissingSidecar } from "./ask-members.ts";
import { readSeconds } from "./seconds-document.ts";
import type { SidecarSeconds } from "./seconds-document.ts";

/** How long everybody has: seconds are asked for once a second. */
const ASK_WITHIN_MS = 700;

/** How long the list of sidecars is not read again. */
const MEMBERS_FRESH_MS = 5_000;

/** What a fleet's seconds are asked for with. */
export type FleetSecondsDeps = AskMembersDeps & {
  /** Our name. */
  readonly sidecar: string;
  /** @throws ConsulError */
  readonly members: () => Promise<readonly FleetMember[]>;
  /** Asks our own workers. @throws WorkerError */
  readonly own: (question: ObservationQuestion) => Promise<ObservedSeconds>;
  readonly clock: Pick<Clock, "nowMs">;
};

/** What all live sidecars of a fleet have counted. */
export type FleetSecondsAnswer = {
  readonly answers: readonly ObservedSeconds[];
  readonly missing: readonly MissingSidecar[];
};

/**
 * What all sidecars that share the table have counted by the second, for whoever leads rollouts.
 * Each tells its own: see `GET /v1/rollouts/{id}/seconds`.
 */
export class FleetSeconds {
  readonly #deps: FleetSecondsDeps;
  #list: { readonly members: Promise<readonly FleetMember[]>; readonly atMs: number } | undefined;

  constructor(deps: FleetSecondsDeps) {
    this.#deps = deps;
  }

  /**
   * Asks everybody on the list, us included. Takes ASK_WITHIN_MS at most, once the list is read.
   * @throws ConsulError when there is no list, WorkerError
   */
  async ask(question: ObservationQuestion): Promise<FleetSecondsAnswer> {
    const { sidecar, own } = this.#deps;
    const others = (await this.#members()).filter((member) => member.sidecar !== sidecar);
    const { service, versions, afterS } = question;
    const [ours, theirs] = await Promise.all([
      own(question),
      askMembers(this.#deps, others, {
        path: `/v1/rollouts/${encodeURIComponent(service)}/seconds?after=${afterS}`,
        withinMs: ASK_WITHIN_MS,
        what: "seconds of this rollout",
        read: (answer) => ofVersions(readSeconds(answer), versions),
      }),
    ]);
    return { answers: [ours, ...theirs.answers], missing: theirs.missing };
  }

  async #members(): Promise<readonly FleetMember[]> {
    const nowMs = this.#deps.clock.nowMs();
    if (this.#list === undefined || nowMs - this.#list.atMs > MEMBERS_FRESH_MS) {
      this.#list = { members: this.#deps.members(), atMs: nowMs };
    }
    try {
      return await this.#list.members;
    } catch (error) {
      // The next one asks again.
      this.#list = undefined;
      throw error;
    }
  }
}

/** Another sidecar may not have heard of this rollout yet, but of the one before. */
function ofVersions(
  read: SidecarSeconds | undefined,
  versions: readonly string[],
): SidecarSeconds | undefined {
  const isSame = read?.versions.every((version, index) => version === versions[index]) === true;
  return isSame ? read : undefined;
}
