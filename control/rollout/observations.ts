import type { Arm } from "../analysis/second.ts";

/** What both versions of a rollout did in one second. */
export type VersionSecond = { readonly stable: Arm; readonly canary: Arm };

/** A sidecar that did not tell its counts, and why, in words for operators. */
export type UnseenSidecar = { readonly sidecar: string; readonly reason: string };

/** What has been counted since the last time somebody asked. */
export type CountsTaken =
  | {
      readonly kind: "seconds";
      /** Whole ones that have ended, the oldest first. Empty: none has ended yet. */
      readonly seconds: readonly VersionSecond[];
      /** How many sidecars they are of, and how many there are. */
      readonly seen: number;
      readonly of: number;
      /** Some of the others, and why. */
      readonly unseen: readonly UnseenSidecar[];
    }
  /** Nobody can tell. */
  | { readonly kind: "missing"; readonly reason: string };

/** How far counting has come: where another one can go on. */
export type CountedUpTo = {
  /** The last second that was given, since the Unix epoch. */
  readonly untilS: number;
  /** The canary's endpoints, in the order of their places in its arms. */
  readonly endpoints: readonly string[];
};

/** Counts of two versions of a service, from when it was begun until it is ended. */
export interface Counting {
  /** Seconds that no earlier call has given. Asked once a second. Never rejects. */
  take(): Promise<CountsTaken>;
  readonly upTo: CountedUpTo;
  /** What is under way now belongs to the weights before: seconds begin afresh. */
  restart(): void;
  /** Nobody asks any more. */
  end(): void;
}

/** Where rollouts get what they are decided by. */
export interface Observations {
  /**
   * `after`: where it goes on, with what workers still know of the seconds since. Absent: it begins
   * with the next second.
   */
  begin(
    service: string,
    versions: { readonly stable: string; readonly canary: string },
    after?: CountedUpTo,
  ): Counting;
}
