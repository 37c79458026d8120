import type { State } from "../../proxy/table/snapshot.ts";
import type { RolloutView } from "../rollout/rollout-view.ts";
import { pathOfService } from "./call.ts";
import type { Call } from "./call.ts";
import { withCapital } from "./texts.ts";

/** What somebody says when they do something. */
export type ActOptions = {
  readonly reason: string;
  /** Even if nothing would serve then. */
  readonly force: boolean;
  /** What was typed into the act's field. "": nothing. */
  readonly field: string;
};

/** Something that is asked about once more before it is done. */
export type Act = {
  readonly title: string;
  /** What it does, in a sentence or two. */
  readonly text: string;
  /** Of the button. */
  readonly label: string;
  /** Whether it takes something away from clients. */
  readonly isDangerous: boolean;
  /** Label of a field that it has besides the reason. undefined: it has none. */
  readonly field?: string;
  /** Does it, and says what came of it. @throws CallError */
  readonly run: (options: ActOptions) => Promise<string>;
};

/** What states do, for people. */
const STATE_TEXTS: Readonly<Record<State, string>> = {
  drain: "New sessions go elsewhere; whoever is here may stay until they leave.",
  maint: "Nobody gets there any more, and what is open there is ended at a rate.",
  ready: "It gets its share again.",
};

/** What they do to a single endpoint. */
const ENDPOINT_TEXT = "It gets no new requests; the others of its version take them.";

/** Of buttons. */
const STATE_VERBS: Readonly<Record<State, string>> = {
  drain: "Drain",
  maint: "Maint",
  ready: "Make ready",
};

/** Whose state is set: a version's or, with `address`, an endpoint's of it; at a revision. */
export type StatePlace = {
  readonly service: string;
  readonly version: string;
  readonly address?: string;
  readonly revision: number;
};

/** Sets the state of a version or an endpoint. */
export function stateAct(call: Call, at: StatePlace, state: State): Act {
  const { service, version, address, revision } = at;
  const verb = STATE_VERBS[state];
  const whose = address ?? version;
  const endpoint = address === undefined ? [] : ["endpoints", address];
  return {
    title: `${verb}: ${whose} of ${service}`,
    text: address === undefined || state === "ready" ? STATE_TEXTS[state] : ENDPOINT_TEXT,
    label: `${verb} ${whose}`,
    isDangerous: state !== "ready",
    run: async ({ reason, force }) => {
      const path = pathOfService(service, "versions", version, ...endpoint, "state");
      const options = { body: { state }, revision, reason };
      const written = await call<Written>("PUT", path + forced(force), options);
      return `${whose} of ${service} is in state ${state}${warned(written)}`;
    },
  };
}

/** What people may do about a rollout, each with what it does. */
export const ROLLOUT_VERBS = {
  promote: "Goes on to the next stage or weight.",
  pause: "Stays at its weight; evidence against the new version still aborts it.",
  resume: "Goes on; waiting begins anew.",
  abort: "Gives everything back to the old version, at once.",
  undo: "Gives everything back to the old version, at once.",
  retry: "Begins it again, from its beginning.",
} as const;

/** One of them. */
export type RolloutVerb = keyof typeof ROLLOUT_VERBS;

/** Those that a rollout's phase allows, the most likely first. */
export function verbsOf({ phase }: Pick<RolloutView, "phase">): readonly RolloutVerb[] {
  switch (phase) {
    case "progressing":
      return ["promote", "pause", "abort"];
    case "paused":
    case "inconclusive":
      return ["resume", "promote", "abort"];
    case "retreating":
      return ["abort"];
    case "successful":
      return ["undo"];
    case "aborted":
      return ["retry"];
  }
}

/** Does one of them. */
export function verbAct(call: Call, rollout: RolloutView, verb: RolloutVerb): Act {
  const { id, service, from, to } = rollout;
  const label = withCapital(verb);
  return {
    title: `${label}: ${service} from ${from} to ${to}`,
    text: ROLLOUT_VERBS[verb],
    label: `${label} rollout`,
    isDangerous: verb === "abort" || verb === "undo",
    run: async ({ reason }) => {
      const path = `/v1/rollouts/${encodeURIComponent(id)}/${verb}`;
      const { phase } = await call<RolloutView>("POST", path, { reason });
      return `The rollout of ${service} is ${phase}`;
    },
  };
}

/** Begins a rollout to a version. */
export function beginAct(call: Call, service: string, to: string, preset: string): Act {
  return {
    title: `Roll out ${to} of ${service}`,
    text: `Moves ${service} to ${to} in steps, by what its requests show (${preset}).`,
    label: "Begin rollout",
    isDangerous: false,
    run: async ({ reason }) => {
      await call("POST", "/v1/rollouts", { body: { service, to, preset }, reason });
      return `A rollout of ${service} to ${to} has begun`;
    },
  };
}

/** Gives a service's traffic to its stable version, at a revision. */
export function abortAct(
  call: Call,
  at: { readonly service: string; readonly stable: string; readonly revision: number },
): Act {
  const { service, stable, revision } = at;
  return {
    title: `Abort: all of ${service} to ${stable}`,
    text: `${stable} gets 100 % of ${service}, at once.`,
    label: `Abort → ${stable} 100 %`,
    isDangerous: true,
    run: async ({ reason, force }) => {
      const options = { body: { [stable]: "100%" }, revision, reason };
      const path = `${pathOfService(service, "weights")}${forced(force)}`;
      const written = await call<Written>("PATCH", path, options);
      return `${stable} has all of ${service}${warned(written)}`;
    },
  };
}

/** Ends a freeze. `service` undefined: that of all. */
export function thawAct(call: Call, service: string | undefined): Act {
  const whose = service ?? "all services";
  return {
    title: `Thaw ${whose}`,
    text: "Weights may change again.",
    label: "Thaw",
    isDangerous: false,
    run: async ({ reason }) => {
      const query = service === undefined ? "" : `?service=${encodeURIComponent(service)}`;
      await call("DELETE", `/v1/freezes${query}`, { reason });
      return `The weights of ${whose} may change again`;
    },
  };
}

/** Stops or resumes the migration of a version. */
export function migrationAct(
  call: Call,
  at: { readonly service: string; readonly version: string },
  action: "stop" | "resume",
): Act {
  const { service, version } = at;
  const label = action === "stop" ? "Stop migration" : "Resume migration";
  return {
    title: `${label} of ${version}`,
    text:
      action === "stop"
        ? "What is still open there stays until it ends by itself."
        : "Goes on ending what is still open there, at its rate.",
    label,
    isDangerous: false,
    run: async ({ reason }) => {
      const path = pathOfService(service, "versions", version, "migration");
      await call("POST", path, { body: { action }, reason });
      return `The migration of ${version} has been ${action === "stop" ? "stopped" : "resumed"}`;
    },
  };
}

/** Makes a service what it was before a change, at a revision. */
export function undoAct(
  call: Call,
  change: { readonly service: string; readonly changed: number; readonly revision: number },
): Act {
  const { service, changed, revision } = change;
  return {
    title: `Undo revision ${changed} of ${service}`,
    text: `${service} becomes what it was before revision ${changed}; later changes of it go, too.`,
    label: "Undo",
    isDangerous: true,
    run: async ({ reason, force }) => {
      const options = { body: { revision: changed - 1 }, revision, reason };
      const path = `${pathOfService(service, "undo")}${forced(force)}`;
      const written = await call<Written>("POST", path, options);
      return `${service} is what it was before revision ${changed}${warned(written)}`;
    },
  };
}

/** New code for the workers, or a new process. */
export function codeAct(call: Call, kind: "swap" | "upgrade"): Act {
  const isSwap = kind === "swap";
  return {
    title: isSwap ? "Swap the workers' code" : "Upgrade this sidecar",
    text: isSwap
      ? "New workers start from the code on disk, are tried, and take over every connection."
      : "A new process starts, and takes over sockets, table and connections; this one ends.",
    label: isSwap ? "Swap workers" : "Upgrade",
    isDangerous: false,
    field: "Release (a folder; empty: the code on disk)",
    run: async ({ reason, field, force }) => {
      const path = isSwap ? "/v1/workers/swap" : `/v1/upgrade${forced(force)}`;
      const body = field === "" ? {} : { release: field };
      const answer = await call<{ readonly started?: readonly number[]; readonly pid?: number }>(
        "POST",
        path,
        { body, reason },
      );
      return isSwap
        ? `New workers serve: ${answer.started?.join(", ") ?? ""}`
        : `Process ${answer.pid ?? ""} serves now`;
    },
  };
}

/** Refusals that a forced call would not get. */
export const FORCEABLE: ReadonlySet<string> = new Set(["nothing_would_serve", "would_end_service"]);

type Written = { readonly warnings: readonly { readonly text: string }[] };

function warned({ warnings }: Written): string {
  return warnings.map(({ text }) => `; ${text}`).join("");
}

function forced(force: boolean): string {
  return force ? "?force=true" : "";
}
