import type { HealthQuestion } from "../config/service.ts";
import type { ProbeTls } from "./probe-tls.ts";

/** What a probe asks for, and whom it asks. */
export type ProbeTarget<Question = HealthQuestion> = {
  /** Canonical: see canonicalEndpoint. */
  readonly address: string;
  /** Sent as Host, or `:authority`. */
  readonly host: string;
  readonly question: Question;
  /** Covers all of it: name look-up, connect, head and body. */
  readonly timeoutMs: number;
  /** undefined: in clear. */
  readonly tls?: ProbeTls | undefined;
};

/** How a probe went. */
export type ProbeResult = {
  readonly succeeded: boolean;
  /** For people: `answered 500`, `no answer within 2000 ms`, `cannot connect: ECONNREFUSED`. */
  readonly reason: string;
};

/** One probe of an endpoint, over a connection of its own. */
export interface Prober {
  /** Asks, once. @throws when there is no connection, or no answer that can be understood. */
  ask(): Promise<ProbeResult>;
  /** Ends the connection, whatever it is doing. */
  close(): Promise<void> | void;
}
