import { pause, systemClock } from "../../../proxy/base/clock.ts";
import type { Stats } from "../../api/stats-ticker.ts";
import type { RolloutView } from "../../rollout/rollout-view.ts";
import type { ServiceView } from "../../views/service-view.ts";
import { CliError } from "../cli-error.ts";
import { servicePath } from "../client.ts";
import type { ApiClient } from "../client.ts";
import { problemTexts } from "./look.ts";
import type { Look, LookedHealth, LookedRollout } from "./look.ts";

/** How long to wait before a stream that has ended, as in an upgrade, is opened again. */
const AGAIN_MS = 500;

/** A table that nobody has said to have changed is read again after so many looks. */
const TABLE_LOOKS = 5;

/** What of the API is asked here. */
export type LookedApi = Pick<ApiClient, "url" | "get" | "probe" | "lines">;

/**
 * A look a second, until `ended`. While the sidecar cannot be reached, looks say so.
 * @throws CliError when it refuses, or cannot be reached at first
 */
export async function* looks(api: LookedApi, ended: AbortSignal): AsyncGenerator<Look> {
  let last: Look | undefined;
  while (!ended.aborted) {
    try {
      for await (const look of looksOfStream(api, ended)) yield (last = look);
    } catch (error) {
      if (ended.aborted) return;
      const isGone = error instanceof CliError && error.code === "unreachable";
      if (last === undefined || !isGone) throw error;
      yield { ...last, lost: error.message };
    }
    await pause(systemClock, AGAIN_MS, ended);
  }
}

async function* looksOfStream(api: LookedApi, ended: AbortSignal): AsyncGenerator<Look> {
  let kind = "";
  let table: Omit<Look, "stats"> | undefined;
  let age = 0;
  for await (const line of api.lines("/v1/events?stats", { endsBy: ended })) {
    const [, field, value = ""] = /^(event|data): (.*)$/.exec(line) ?? [];
    if (field === "event") kind = value;
    if (field !== "data") continue;
    if (kind !== "stats") {
      table = undefined;
      continue;
    }
    const stats = JSON.parse(value) as Stats;
    age += 1;
    if (table === undefined || table.revision !== stats.revision || age >= TABLE_LOOKS) {
      table = await readTable(api, ended);
      age = 0;
    }
    yield { ...table, stats };
  }
}

async function readTable(api: LookedApi, endsBy: AbortSignal): Promise<Omit<Look, "stats">> {
  type Table = { readonly revision: number; readonly services: readonly ServiceView[] };
  const [table, health, rollouts] = await Promise.all([
    api.get<Table>(servicePath(), { endsBy }),
    api.probe<LookedHealth>("/readyz"),
    readRollouts(api, endsBy),
  ]);
  return {
    api: api.url,
    revision: table.revision,
    services: table.services,
    isReady: health.ready,
    problems: problemTexts(health),
    rollouts,
  };
}

async function readRollouts(
  api: LookedApi,
  endsBy: AbortSignal,
): Promise<readonly LookedRollout[]> {
  type List = { readonly rollouts: readonly RolloutView[] };
  const { rollouts } = await api.get<List>("/v1/rollouts", { endsBy });
  return rollouts.filter(({ phase }) => phase !== "successful" && phase !== "aborted");
}
