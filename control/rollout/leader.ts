/** Who looks after rollouts, of all sidecars that share them. */
export interface Leader {
  /**
   * Runs `work` whenever this sidecar leads, until `signal` is aborted; then it resolves, when the
   * work has ended. `held` is aborted when somebody else leads or may lead. Never rejects.
   */
  lead(work: (held: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<void>;
}

/** The leader of a sidecar that shares nothing: itself. */
export const ALONE: Leader = { lead: (work, signal) => work(signal) };
