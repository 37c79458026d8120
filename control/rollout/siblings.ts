import type { Sibling } from "./group.ts";
import { wantedShare } from "./rollout.ts";
import type { Rollout } from "./rollout.ts";
import type { RolloutStore } from "./rollout-store.ts";

/** The other rollouts of a group that are the latest of their services. */
export function siblingsOf(
  store: Pick<RolloutStore, "latest">,
  { spec: { group, service } }: Rollout,
): readonly Rollout[] {
  const names = group?.services.filter((each) => each !== service) ?? [];
  const latest = names.map((name) => store.latest(name)).filter((each) => each !== undefined);
  return latest.filter((each) => each.spec.group?.id === group?.id);
}

/** One of them as the others see it. `rollout` undefined: it is not there. */
export function siblingSeen(
  service: string,
  rollout: Rollout | undefined,
  wants: number | undefined,
): Sibling {
  if (rollout === undefined) {
    return { service, phase: undefined, stage: 0, share: 0, settled: false, wants: undefined };
  }
  const { phase, stage, settled } = rollout;
  return { service, phase, stage, share: wantedShare(rollout), settled, wants };
}
