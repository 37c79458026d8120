import type { FilterSnapshot } from "./snapshot.ts";

/** A filter's code as the primary has read it; the file on disk may have changed since. */
export type FilterCode =
  | {
      readonly kind: "code";
      /** Of the file, without query. */
      readonly url: string;
      /** SHA-256 of the text, in hex. */
      readonly hash: string;
      readonly text: string;
    }
  /** The file cannot be read, or must not be. */
  | { readonly kind: "missing"; readonly reason: string };

/** A filter with its code. */
export type FilterSpec = { readonly filter: FilterSnapshot; readonly code: FilterCode };

/** Filters that come into force together. */
export type FilterPreparation = {
  /** Numbers grow; a worker keeps the last preparation only. */
  readonly number: number;
  /** All filters of each service that changes. Empty: it no longer has any. */
  readonly chains: readonly { readonly service: string; readonly filters: readonly FilterSpec[] }[];
  /** true: a refusal makes all of it void. false: a stand-in replaces what is refused. */
  readonly strict: boolean;
};

/** A filter that a worker cannot use. */
export type FilterRefusalReport = {
  readonly service: string;
  readonly filter: string;
  readonly reason: string;
};
