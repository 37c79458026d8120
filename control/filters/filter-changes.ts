import { isDeepStrictEqual } from "node:util";
import type { FilterSpec } from "../../proxy/table/filter-spec.ts";
import type { Chains } from "../workers/briefing.ts";

/** Which code a filter runs, for people and for the audit log. */
export type FilterCodeName = {
  readonly module: string;
  /** SHA-256 in hex. undefined: the file could not be read. */
  readonly hash: string | undefined;
};

/** A filter whose instance has changed. */
export type FilterChange = {
  readonly service: string;
  readonly filter: string;
  /** undefined: there was none. */
  readonly was: FilterCodeName | undefined;
  /** undefined: there is none any more. */
  readonly is: FilterCodeName | undefined;
};

/** The filters that differ, service by service; new ones and those that stay come first. */
export function changesBetween(before: Chains, after: Chains): FilterChange[] {
  return [...after].flatMap(([service, specs]) => {
    const old = new Map(before.get(service)?.map((spec) => [spec.filter.name, spec]));
    const now = new Map(specs.map((spec) => [spec.filter.name, spec]));
    return [...new Set([...now.keys(), ...old.keys()])]
      .filter((filter) => !isDeepStrictEqual(old.get(filter), now.get(filter)))
      .map((filter) => ({
        service,
        filter,
        was: codeNameOf(old.get(filter)),
        is: codeNameOf(now.get(filter)),
      }));
  });
}

/** Names the code of a filter. undefined: there is no filter. */
export function codeNameOf(spec: FilterSpec | undefined): FilterCodeName | undefined {
  if (spec === undefined) return undefined;
  const { filter, code } = spec;
  return { module: filter.module, hash: code.kind === "code" ? code.hash : undefined };
}
