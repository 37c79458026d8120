import type { KeptSession } from "../transport/client-handshake.ts";
import type { ConnectTarget } from "../transport/transport.ts";
import type { PeakLatency } from "./peak-latency.ts";
import { RecentOutcomes } from "./recent-outcomes.ts";
import { RestHabits } from "./rest-habits.ts";
import { hash32 } from "../table/hash.ts";
import type { EndpointSnapshot } from "../table/snapshot.ts";

/** A returning endpoint starts with this part of its share (HAProxy's and Envoy's slow starts). */
const SLOW_START_SHARE_MIN = 0.1;

/** Any fixed number: another one would choose other endpoints everywhere. */
const ADDRESS_SEED = 0x51f0c2a7;

/**
 * The live state of one address of a version. It outlives tables: a new table changes `snapshot`
 * and touches neither connections nor what is known of its health. Somebody else at its address is
 * another endpoint.
 */
export class Endpoint {
  readonly address: string;
  /** Its address's part in rendezvous hashing, an int32. */
  readonly hash: number;
  readonly target: ConnectTarget;
  snapshot: EndpointSnapshot;
  /** Exchanges and tunnels that use it, connecting ones included. */
  inFlight = 0;
  /** No longer in the table: what is under way ends, nothing new begins. */
  removed = false;
  /** What it does with connections that rest. */
  readonly habits = new RestHabits();
  /** What the next connection can resume. undefined: nothing, or it is in clear. */
  session: KeptSession | undefined;
  /** See SessionPlace. */
  agreed: string | undefined;
  /** Attempts that went well, and badly. */
  wells = 0;
  bads = 0;
  /** Failures in a row. */
  failures = 0;
  /** How its attempts ended of late. */
  readonly outcomes = new RecentOutcomes();
  /** How long its answers take. undefined: nobody asks. */
  latency: PeakLatency | undefined;
  /** After an ejection one request tries it: that is still to come, or is under way. */
  trial: "none" | "due" | "under way" = "none";
  /** Too few of its version are usable: it is used although checks say that it is ill. */
  inPanic = false;
  /** How often it was ejected recently, and until when it is out (monotonic ms; 0: it is in). */
  ejections = 0;
  ejectedUntilMs = 0;
  /** Since when it has taken traffic, for its slow start. -Infinity: always. */
  sinceMs: number;

  constructor(snapshot: EndpointSnapshot, sinceMs: number) {
    this.address = snapshot.address;
    this.hash = hash32(snapshot.address, ADDRESS_SEED);
    this.target = targetOf(snapshot.address);
    this.snapshot = snapshot;
    this.sinceMs = sinceMs;
  }

  /** Whether its certificate is the one to expect: what was made with another's is of no use. */
  isWhoIsAt({ host, san }: EndpointSnapshot): boolean {
    return host === this.snapshot.host && san === this.snapshot.san;
  }

  /** Takes what a new table says about it. One that has become usable starts slowly at `nowMs`. */
  follow(snapshot: EndpointSnapshot, nowMs: number): this {
    const wasUsable = this.usable;
    // Checks have asked it often enough: it needs no trial any more.
    const isRecovered = this.inPanic && snapshot.healthy && !this.snapshot.healthy;
    if (isRecovered && this.ejectedUntilMs === 0) this.trial = "none";
    this.snapshot = snapshot;
    if (!wasUsable && this.usable) this.sinceMs = nowMs;
    return this;
  }

  /** Whether new work may go here. */
  get usable(): boolean {
    const { healthy, state } = this.snapshot;
    const isIn = this.ejectedUntilMs === 0 && this.trial !== "under way";
    return (healthy || this.inPanic) && state === "ready" && isIn;
  }

  /** Whether it would be used if it were well: nobody has it out on purpose. */
  get isWanted(): boolean {
    const { state, setAside } = this.snapshot;
    return state === "ready" && setAside === undefined;
  }

  /** Whether nothing speaks against it. */
  get isWell(): boolean {
    return this.snapshot.healthy && this.ejectedUntilMs === 0 && this.trial === "none";
  }

  /** Whether its version panics: one that is ill is used then, after one request has tried it. */
  followPanic(isPanic: boolean): void {
    const { healthy } = this.snapshot;
    const isIn = isPanic && this.isWanted;
    if (isIn && !this.inPanic && !healthy) this.trial = "due";
    if (!isIn && this.inPanic && !healthy) this.trial = "none";
    this.inPanic = isIn;
  }

  /** Whether those who are already here may go on. */
  get isOpen(): boolean {
    return !this.removed && this.snapshot.state !== "maint";
  }

  /** Load for comparison: exchanges under way per weight. */
  get load(): number {
    return this.inFlight / this.snapshot.weight;
  }

  /** The part of its share that it takes now, in (0, 1]. `slowStartMs` 0: all of it at once. */
  warmth(nowMs: number, slowStartMs: number): number {
    const age = nowMs - this.sinceMs;
    if (age >= slowStartMs) return 1;
    return Math.max(SLOW_START_SHARE_MIN, age / slowStartMs);
  }
}

/** `host:port`, `[v6]:port` or `unix:/path`, as validated by control/config. */
function targetOf(address: string): ConnectTarget {
  if (address.startsWith("unix:")) return { path: address.slice("unix:".length) };
  const colon = address.lastIndexOf(":");
  const host = address.slice(0, colon).replace(/^\[|\]$/g, "");
  return { host, port: Number(address.slice(colon + 1)) };
}
