import { z } from "zod";
import { recordOf } from "../base/record-of.ts";
import type { VersionTotals } from "../views/worker-totals.ts";
import { countsOf, totalsOf, versionCountsSchema } from "./version-counts.ts";

/** Marks a request as another sidecar's, which asks the whole fleet itself. */
export const FLEET_HEADER = "x-sluice-fleet";

/** The counts of one sidecar, as the API tells them. */
export const countsDocumentSchema = z.object({
  sidecar: z.string().optional().describe("Its name in its fleet; absent: it is in none"),
  epoch: z
    .string()
    .describe("Of these counts: they go on with an upgrade, and begin again at 0 under another"),
  revision: z.int().min(0).describe("The revision that it acts on"),
  versions: z.record(z.string(), versionCountsSchema).describe("By the version's name"),
});

/** The answer of `GET /v1/counts`. */
export type CountsDocument = z.output<typeof countsDocumentSchema>;

/** What one sidecar has counted. */
export type SidecarCounts = {
  /** undefined: it is in no fleet. */
  readonly sidecar: string | undefined;
  /**
   * Within one epoch counts only grow, except for the moments before an upgrade has handed them
   * over; under another epoch they began at 0.
   */
  readonly epoch: string;
  /** The revision that it acts on. 0: none yet. */
  readonly revision: number;
  /** By name. Empty: no service was asked for. */
  readonly versions: ReadonlyMap<string, VersionTotals>;
};

/** Counts as the API tells them. */
export function countsDocument({ versions, ...others }: SidecarCounts): CountsDocument {
  const told = [...versions].map(([name, totals]) => [name, countsOf(totals)] as const);
  return { ...others, versions: recordOf(told) };
}

/** Reads what another sidecar told. undefined: this is no such answer. */
export function readCounts(answer: unknown): SidecarCounts | undefined {
  const read = countsDocumentSchema.safeParse(answer).data;
  if (read === undefined) return undefined;
  const { sidecar, epoch, revision } = read;
  const versions = Object.entries(read.versions).map(
    ([name, counts]) => [name, totalsOf(counts)] as const,
  );
  return { sidecar, epoch, revision, versions: new Map(versions) };
}
