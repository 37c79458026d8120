import type { Log, LogFields } from "../base/log.ts";
import type { Refusal } from "../http1/refusal.ts";
import type { RejectCounters } from "../metrics/reject-counters.ts";
import { TOLERANCES } from "../table/tolerance.ts";

/** Somebody may be refused thousands of times a second, and one line says as much. */
const LOG_INTERVAL_MS = 1_000;

/** Keys of the configuration whose value decided, where it is not a tolerance. */
const KEYS: Readonly<Partial<Record<string, string>>> = {
  "method-not-listed": "methods",
  "body-too-large": "maxBody",
  "head-timeout": "headTimeout",
  "body-timeout": "stallTimeout",
  "tls-handshakes-full": "handshakesMax",
};

type Spoken = { unsaid: number; nextLineMs: number };

/** Counts the messages that are refused, and says why: at most once a second for each reason. */
export class Refusals {
  readonly #clock: { readonly nowMs: number };
  readonly #log: Log;
  readonly #counters: RejectCounters;
  readonly #spoken = new Map<string, Spoken>();

  /** `clock`: in monotonic milliseconds. */
  constructor(clock: { readonly nowMs: number }, log: Log, counters: RejectCounters) {
    this.#clock = clock;
    this.#log = log;
    this.#counters = counters;
  }

  /** A client's request. `service`: undefined while it is not known. */
  request(refusal: { readonly reason: string }, service: string | undefined, client: string): void {
    this.#add("request.refused", refusal.reason, { service, client });
  }

  /** An endpoint's response. */
  response(refusal: Refusal, service: string | undefined, version: string | undefined): void {
    this.#add("response.refused", refusal.reason, { service, version });
  }

  /** What an endpoint says on a connection of HTTP/2. `reason`: one of a bounded set. */
  speech(reason: string, endpoint: string): void {
    this.#add("response.refused", reason, { endpoint });
  }

  /** A request that intentions do not allow. `source`: undefined if it has no name in the mesh. */
  denied(service: string | undefined, source: string | undefined): void {
    this.#add("request.denied", "intention-denied", { service, source });
  }

  /** A session whose state no version reads; it is counted by its answer. */
  session(service: string, format: number): void {
    this.#say("session.unreadable", "session-unreadable", { service, format });
  }

  /** A client's handshake, for which there is no answer. `reason`: one of a bounded set. */
  handshake(reason: string, about: LogFields): void {
    this.#add("handshake.refused", reason, about);
  }

  /** TLS with an endpoint, whose requests are counted by their answers. */
  endpoint(reason: string, about: LogFields): void {
    this.#say("endpoint.tls-failed", reason, about);
  }

  /** A TCP connection that does not say where it goes. `reason`: one of a bounded set. */
  connection(reason: string, about: LogFields): void {
    this.#add("connection.refused", reason, about);
  }

  /** A TCP connection that got no endpoint, and is counted at its version. */
  unreached(reason: string, about: LogFields): void {
    this.#say("connection.failed", reason, about);
  }

  #add(event: string, reason: string, about: LogFields): void {
    this.#counters.add(reason);
    this.#say(event, reason, about);
  }

  #say(event: string, reason: string, about: LogFields): void {
    const place = `${event} ${reason}`;
    const spoken = this.#spoken.get(place) ?? { unsaid: 0, nextLineMs: -Infinity };
    this.#spoken.set(place, spoken);
    spoken.unsaid += 1;
    const { nowMs } = this.#clock;
    if (nowMs < spoken.nextLineMs) return;
    this.#log.warn(event, { reason, ...about, key: keyFor(reason), times: spoken.unsaid });
    spoken.unsaid = 0;
    spoken.nextLineMs = nowMs + LOG_INTERVAL_MS;
  }
}

/** The key that would have let the message pass. undefined: none does. */
function keyFor(reason: string): string | undefined {
  const tolerance = TOLERANCES.find((name) => name === reason);
  return tolerance === undefined ? KEYS[reason] : `tolerate: [${tolerance}]`;
}
