import type { Stats } from "../../api/stats-ticker.ts";
import type { Problems } from "../../views/problems-view.ts";
import type { ServiceView } from "../../views/service-view.ts";

/** A rollout, as far as it is looked at here. */
export type LookedRollout = {
  readonly service: string;
  readonly phase: string;
  readonly to: string;
};

/** One look at a sidecar: its table, and how traffic goes. */
export type Look = {
  readonly api: string;
  readonly revision: number;
  readonly services: readonly ServiceView[];
  /** undefined: nothing has been told yet. */
  readonly stats: Stats | undefined;
  readonly isReady: boolean;
  /** What is not well, the worst first. */
  readonly problems: readonly string[];
  /** Those that go on. */
  readonly rollouts: readonly LookedRollout[];
  /** Why nothing new comes. undefined: it does. */
  readonly lost?: string | undefined;
};

/** What `GET /readyz` says. */
export type LookedHealth = {
  readonly ready: boolean;
  readonly reasons: readonly string[];
  readonly problems?: Problems["problems"];
  readonly moreProblems?: number;
};

/** The sentences of what is not well. */
export function problemTexts(health: LookedHealth): readonly string[] {
  const { problems = [], moreProblems = 0, reasons } = health;
  return [
    ...reasons,
    ...problems.map(({ text }) => text),
    ...(moreProblems > 0 ? [`and ${moreProblems} more`] : []),
  ];
}
