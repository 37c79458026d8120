import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import type { FilterSpec } from "../../proxy/table/filter-spec.ts";
import { FILTER_FAILURE_KINDS } from "../../proxy/metrics/stats.ts";
import type { FilterFailureKind } from "../../proxy/metrics/stats.ts";
import type { ServiceSnapshot } from "../../proxy/table/snapshot.ts";
import type { WorkerTotals } from "./worker-totals.ts";
import { codeNameOf } from "../filters/filter-changes.ts";

/** One filter of one service, for people to look at. */
export const filterViewSchema = z.object({
  name: z.string(),
  service: z.string(),
  module: z.string().describe("The file, as the table names it"),
  version: z.string().describe("The module's own version; empty if none is loaded"),
  hash: z.string().optional().describe("SHA-256 of the code that runs; absent if none runs"),
  inForce: z
    .boolean()
    .describe("Whether the filter of the table is the one that runs; if not, the log says why"),
  onError: z.enum(["bypass", "closed"]),
  timeoutMs: z.number().describe("Most time that a hook may take; 0: no limit"),
  failures: z
    .object({ throw: z.int(), timeout: z.int(), load: z.int() })
    .describe("Exchanges in which the filter failed, by kind"),
  answers: z.int().describe("Requests that the filter answered itself"),
});

/** What GET returns for a filter. */
export type FilterView = z.infer<typeof filterViewSchema>;

/** What is in force: see RunningFilters. */
export interface FiltersInForce {
  specs(service: string): readonly FilterSpec[];
}

/** The filters of all services, in the order in which requests pass them. */
export function filterViews(
  services: readonly ServiceSnapshot[],
  inForce: FiltersInForce,
  totals: WorkerTotals,
): FilterView[] {
  return services.flatMap(({ name: service, filters }) =>
    filters.map((filter): FilterView => {
      const { name, module, onError, timeoutMs } = filter;
      const running = inForce.specs(service).find((spec) => spec.filter.name === name);
      const { versions, failures, answers } = totals.filter(service, name);
      const hash = codeNameOf(running)?.hash;
      return {
        name,
        service,
        module,
        version: versions.join(" "),
        ...(hash !== undefined && { hash }),
        inForce: hash !== undefined && isDeepStrictEqual(running?.filter, filter),
        onError,
        timeoutMs,
        failures: failuresByKind(failures),
        answers,
      };
    }),
  );
}

function failuresByKind(failures: readonly number[]): Record<FilterFailureKind, number> {
  const counts = FILTER_FAILURE_KINDS.map((kind, index) => [kind, failures[index] ?? 0]);
  return Object.fromEntries(counts) as Record<FilterFailureKind, number>;
}
