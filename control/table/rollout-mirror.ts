import type { CopiesAsked } from "../config/mirror-schema.ts";
import type { ServiceDocument } from "../config/service-schema.ts";

/** Copies of requests that a rollout has sent to its new version. */
export type RolloutMirror = {
  readonly asked: CopiesAsked;
  /** The id of the rollout. */
  readonly rollout: string;
  readonly to: string;
};

/**
 * What a rollout's mirror in a document copies. undefined: there is none. `others`: the service has
 * one that is no rollout's, and that nobody takes away.
 */
export function rolloutCopiesOf({ mirror }: ServiceDocument): CopiesAsked | "others" | undefined {
  if (mirror === undefined || mirror === false) return undefined;
  const { rollout, to: _to, ...asked } = mirror;
  return rollout === undefined ? "others" : asked;
}

/** The document with these copies, and without those of other rollouts. undefined: with none. */
export function withRolloutMirror(
  document: ServiceDocument,
  mirror: RolloutMirror | undefined,
): ServiceDocument {
  const found = rolloutCopiesOf(document);
  if (found === "others") return document;
  if (mirror === undefined && found === undefined) return document;
  const { mirror: _mirror, ...rest } = document;
  if (mirror === undefined) return rest;
  const { asked, to, rollout } = mirror;
  return { ...rest, mirror: { to, ...asked, rollout } };
}
