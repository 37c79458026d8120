import type { CopiesAsked } from "../config/mirror-schema.ts";
import type { SenderMatch } from "../config/route-schema.ts";
import type { RollingStep, RolloutStage } from "./rollout.ts";
import type { Why } from "./why.ts";

/** What to do now. */
export type Decision =
  /** Nothing. */
  | { readonly kind: "hold"; readonly why: Why }
  /** The table does not show what is asked for: write it. */
  | { readonly kind: "apply"; readonly why: Why }
  /** It does. */
  | { readonly kind: "settle"; readonly revision: number; readonly why: Why }
  /**
   * The canary gets another share, all requests that match or copies, or old endpoints leave;
   * `next`: and the next stage begins.
   */
  | {
      readonly kind: "weight";
      readonly share: number;
      readonly match?: SenderMatch | undefined;
      readonly copies?: CopiesAsked | undefined;
      readonly rolling?: RollingStep | undefined;
      readonly next: boolean;
      readonly why: Why;
    }
  /** The next stage begins. */
  | { readonly kind: "next"; readonly why: Why }
  | { readonly kind: "pause"; readonly why: Why }
  /** Pauses, and the service is somebody else's. */
  | { readonly kind: "release"; readonly why: Why }
  | { readonly kind: "inconclusive"; readonly why: Why }
  | { readonly kind: "resume"; readonly why: Why }
  | { readonly kind: "abort"; readonly why: Why }
  /** The old version gets everything back bit by bit; `forMs`, when that begins: in this time. */
  | {
      readonly kind: "retreat";
      readonly share: number;
      readonly forMs?: number | undefined;
      readonly why: Why;
    }
  | { readonly kind: "succeed"; readonly why: Why };

/** The canary gets what a stage gives that has no share, and the next stage begins. */
export function withoutShare(
  { kind: _kind, ...given }: Extract<RolloutStage, { readonly kind: "headerRoute" | "mirror" }>,
  why: Why,
): Decision {
  return { kind: "weight", share: 0, ...given, next: true, why };
}
