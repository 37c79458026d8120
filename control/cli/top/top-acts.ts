import type { Plan } from "../../api/plan.ts";
import type { ApiClient } from "../client.ts";
import { servicePath } from "../client.ts";
import { planText } from "../plan-text.ts";
import { readWeights } from "../read-weights.ts";
import { writeOptions } from "../write-options.ts";
import type { TopAct } from "./top-state.ts";

/** What the audit log keeps as the reason. */
const REASON = "sluice top";

/** What of the API is asked here. */
export type ActedApi = Pick<ApiClient, "get" | "send">;

/** What an act would do, a line each. @throws CliError when it cannot be */
export async function planOf(api: ActedApi, act: TopAct): Promise<readonly string[]> {
  switch (act.kind) {
    case "shift": {
      const body = readWeights(act.weights.split(/\s+/));
      const plan = await api.send<Plan>("POST", servicePath(act.service, "plan"), { body });
      return [`shift ${act.service} ${act.weights}`, ...planText(plan).split("\n")];
    }
    case "state": {
      const place = `${act.service}/${act.version}`;
      return act.state === "drain"
        ? [`drain ${place}: no new sessions; "r" gives it traffic again`]
        : [`ready ${place}: it gets traffic again, by its weight`];
    }
    case "pause":
    case "abort": {
      const path = `${rolloutPath(act.service)}/explain`;
      type Explanation = { readonly explanation: readonly string[] };
      const { explanation } = await api.get<Explanation>(path);
      return [`${act.kind} the rollout of ${act.service}`, ...explanation.slice(0, 3)];
    }
    case "confirm":
      return [`confirm the shift of ${act.service}: it is not taken back`];
  }
}

/** Does it. Returns what came of it. @throws CliError when it is refused */
export async function perform(api: ActedApi, act: TopAct): Promise<string> {
  switch (act.kind) {
    case "shift": {
      const body = readWeights(act.weights.split(/\s+/));
      const write = { ...(await writeOptions(api, act.service, { reason: REASON })), body };
      type Shifted = { readonly revision: number };
      const path = servicePath(act.service, "weights");
      const { revision } = await api.send<Shifted>("PATCH", path, write);
      const back = `sluice undo ${act.service} takes it back`;
      return `${act.service} is shifted, revision ${revision}; ${back}`;
    }
    case "state": {
      const { service, version, state } = act;
      const write = { ...(await writeOptions(api, service, { reason: REASON })), body: { state } };
      await api.send("PUT", servicePath(service, "versions", version, "state"), write);
      return `${service}/${version} ${state === "drain" ? "drains" : "is ready"}`;
    }
    case "pause":
      await api.send("POST", `${rolloutPath(act.service)}/pause`, { reason: REASON });
      return `paused; \`sluice rollout resume ${act.service}\` lets the rollout go on`;
    case "abort":
      await api.send("POST", `${rolloutPath(act.service)}/abort`, { reason: REASON });
      return `the rollout of ${act.service} is aborted`;
    case "confirm":
      await api.send("POST", servicePath(act.service, "confirm"));
      return `${act.service} stays as it is`;
  }
}

function rolloutPath(service: string): string {
  return `/v1/rollouts/${encodeURIComponent(service)}`;
}
