/** What is known of a service's versions at a time. */
export type VersionsSeen = {
  /** Those with something that can take requests. */
  readonly present: readonly string[];
  /** Those with weight. */
  readonly weighed: readonly string[];
  /** Those that have been there before. undefined: nobody has looked yet. */
  readonly seen: readonly string[] | undefined;
  /** Those of the rollouts that are remembered, whoever began them. */
  readonly rolledOut: readonly string[];
};

/** What follows from that. */
export type NewcomerAnswer =
  /** These are not new, from now on. */
  | { readonly kind: "note"; readonly versions: readonly string[] }
  /** This one is, and has never been rolled out. */
  | { readonly kind: "begin"; readonly version: string }
  | { readonly kind: "nothing" };

/**
 * Which version has just appeared. What is there at the first look is not new, and nothing is new
 * that has had weight or a rollout. `mayNote`: what there is has had time to show. Pure.
 */
export function newcomerOf(
  { present, weighed, seen, rolledOut }: VersionsSeen,
  mayNote: boolean,
): NewcomerAnswer {
  const there = [...new Set([...present, ...weighed])];
  if (seen === undefined) {
    const isServed = weighed.some((each) => present.includes(each));
    return mayNote && isServed ? { kind: "note", versions: there } : { kind: "nothing" };
  }
  const unseen = there.filter((each) => !seen.includes(each));
  const old = unseen.filter((each) => weighed.includes(each) || rolledOut.includes(each));
  if (old.length > 0) return { kind: "note", versions: old };
  const [version] = unseen;
  return version === undefined ? { kind: "nothing" } : { kind: "begin", version };
}
