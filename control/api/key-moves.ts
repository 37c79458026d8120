import { pickByKey } from "../../proxy/table/rendezvous.ts";
import { ServiceTable } from "../../proxy/table/service-table.ts";
import type { ServiceSnapshot } from "../../proxy/table/snapshot.ts";

/** Keys that are followed through both tables: enough for ±1 % at the least favourable split. */
const KEYS_SAMPLED = 10_000;

/** Shares of all affinity keys, 0 to 1. */
export type KeyMoves = {
  /** Keys that get another version. */
  readonly moved: number;
  /** What a version had, loses and gains. */
  of(version: string): { readonly had: number; readonly lost: number; readonly gained: number };
};

/**
 * Which affinity keys a change moves, found by sending the same sample keys through both tables
 * with the code that sends real ones. `before`: undefined when the service is new.
 */
export function keyMoves(before: ServiceSnapshot | undefined, after: ServiceSnapshot): KeyMoves {
  const from = picksOf(before);
  const to = picksOf(after);
  const part = (holds: (source?: string, target?: string) => boolean): number =>
    from.filter((source, index) => holds(source, to[index])).length / KEYS_SAMPLED;
  return {
    moved: part((source, target) => source !== target),
    of: (version) => ({
      had: part((source) => source === version),
      lost: part((source, target) => source === version && target !== version),
      gained: part((source, target) => source !== version && target === version),
    }),
  };
}

/** The version of each sample key; undefined where no version takes it. */
function picksOf(service: ServiceSnapshot | undefined): (string | undefined)[] {
  const table = service && new ServiceTable(service);
  return Array.from({ length: KEYS_SAMPLED }, (_, index) =>
    table === undefined ? undefined : pickByKey(table, `sample-${index}`)?.name,
  );
}
