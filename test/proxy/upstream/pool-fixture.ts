import { joinedStats } from "../../../proxy/metrics/pool-stats.ts";
import type { PoolStats } from "../../../proxy/metrics/pool-stats.ts";
import type { LiveServices } from "../../../proxy/upstream/live-services.ts";
import { onTestFinished } from "vitest";
import { Http2Counts } from "../../../proxy/http2/counts.ts";
import { TlsContexts } from "../../../proxy/transport/tls-contexts.ts";
import { ReadBuffers } from "../../../proxy/transport/read-buffers.ts";
import { LocalFaults } from "../../../proxy/base/local-faults.ts";
import { seededRandom } from "../../../proxy/base/random.ts";
import { TimerWheel } from "../../../proxy/base/timer-wheel.ts";
import type {
  EndpointSnapshot,
  ServiceSnapshot,
  VersionSnapshot,
} from "../../../proxy/table/snapshot.ts";
import type { Endpoint } from "../../../proxy/upstream/endpoint.ts";
import type { ConnectFailure } from "../../../proxy/upstream/connect-failure.ts";
import type { DecodedFields, DecodedResponse } from "../../../proxy/http1/decoded-head.ts";
import type { Slot } from "../../../proxy/upstream/pool-connections.ts";
import { Witnesses } from "../../../proxy/exchange/witness.ts";
import { UpstreamConnection } from "../../../proxy/upstream/upstream-connection.ts";
import type { MessageUser } from "../../../proxy/upstream/upstream-connection.ts";
import { VersionPool } from "../../../proxy/upstream/version-pool.ts";
import type { PoolDeps, PoolPolicy } from "../../../proxy/upstream/pool-policy.ts";
import { systemClock } from "../../../proxy/base/clock.ts";
import { eventually } from "../../support/eventually.ts";

/** Long enough for every test; the wheel is a real one. */
export const CONNECT_TIMEOUT_MS = 10_000;

const IDLE_MS = 60_000;

const ejection = {
  consecutive: 3,
  baseTimeMs: 1_000,
  maxTimeMs: 5_000,
  maxPercent: 50,
  failurePercent: 0,
  windowMs: 10_000,
  samples: 20,
};

const keepAlive = { idleMs: undefined, requests: 0, ageMs: 0, off: false, pingMs: 0 };

/** What connections have in common, and streams. */
const protocol = "http/1.1";

/** A policy without tight bounds, except for what a test is about. */
export function poolPolicy(
  limits: Partial<ServiceSnapshot["limits"]> = {},
  deps: Partial<PoolPolicy> = {},
): PoolPolicy {
  const wide = { connections: 100, pending: 100, inFlight: 100, tunnels: 100, streams: 100 };
  return { limits: { ...wide, ...limits }, ejection, slowStartMs: 0, keepAlive, protocol, ...deps };
}

/** An endpoint that is well, except for what a test is about. */
export function endpointSnapshot(
  address: string,
  deps: Partial<EndpointSnapshot> = {},
): EndpointSnapshot {
  return { address, weight: 1, state: "ready", healthy: true, ...deps };
}

/** Version v1 with these endpoints. */
export function versionSnapshot(
  ...endpoints: readonly (string | EndpointSnapshot)[]
): VersionSnapshot {
  const all = endpoints.map((each) => (typeof each === "string" ? endpointSnapshot(each) : each));
  return { name: "v1", weight: 1, state: "ready", endpoints: all };
}

const ignore = (): void => undefined;

/** What pools share, closed with the test. */
export function poolDeps(deps: Partial<PoolDeps> = {}): PoolDeps {
  const wheel = new TimerWheel(systemClock);
  onTestFinished(() => wheel.close());
  return {
    buffers: new ReadBuffers(),
    contexts: new TlsContexts(),
    http2Counts: new Http2Counts(),
    onHttp2Rejected: ignore,
    witness: new Witnesses(),
    clock: systemClock,
    wheel,
    random: seededRandom(1),
    onEjection: ignore,
    onPanic: ignore,
    faults: new LocalFaults(wheel, { info: ignore, warn: ignore, error: ignore }),
    ...deps,
  };
}

/** A pool of version v1 of service web with these endpoints. */
export function versionPool(
  endpoints: readonly (string | EndpointSnapshot)[],
  policy: PoolPolicy = poolPolicy(),
  deps: PoolDeps = poolDeps(),
): VersionPool {
  const pool = new VersionPool("web", "v1", policy, deps);
  pool.update(versionSnapshot(...endpoints), policy);
  onTestFinished(() => pool.close());
  return pool;
}

/** A user that writes down what it is told. */
export class RecordingUser implements MessageUser {
  /**
   * `ready`, `failed REASON`, `data TEXT`, `end`, `flushed`, `closed`; of a stream `head STATUS`,
   * `body TEXT`, `finish TRAILERS`.
   */
  readonly told: string[] = [];
  readonly #pool: VersionPool;
  /** What it got. */
  slot: Slot | undefined;
  failedEndpoint: Endpoint | undefined;
  /** Called after each thing it is told. */
  onTold: () => void = () => undefined;

  constructor(pool: VersionPool) {
    this.#pool = pool;
  }

  /** As VersionPool.acquire(). "kept" and "connecting": it gets a connection. */
  acquire(avoid?: Endpoint, connectTimeoutMs = CONNECT_TIMEOUT_MS): string {
    const got = this.#pool.acquire(this, connectTimeoutMs, avoid);
    if (typeof got === "string") return got;
    this.slot = got;
    return got.reused ? "kept" : "connecting";
  }

  /** Acquires and waits until the connection stands. */
  async open(): Promise<UpstreamConnection> {
    this.acquire();
    return eventually(() => {
      if (this.slot?.ready === true) return this.connection as UpstreamConnection;
      throw new Error(`Not connected: ${this.told.join()}`);
    });
  }

  /** Gives the connection back, fit for another. */
  release(idleMs = IDLE_MS): void {
    const slot = this.slot as Slot;
    slot.toldIdleMs = idleMs;
    this.#pool.release(slot);
  }

  /** What it got, if that is a connection of its own. */
  get connection(): UpstreamConnection | undefined {
    return this.slot instanceof UpstreamConnection ? this.slot : undefined;
  }

  onUpstreamReady(slot: Slot): void {
    this.slot = slot;
    this.#note("ready");
  }

  onUpstreamHead({ status }: DecodedResponse, isEnd: boolean): void {
    this.#note(`head ${status}${isEnd ? " end" : ""}`);
  }

  onUpstreamBody(bytes: Buffer, start: number, end: number): void {
    this.#note(`body ${bytes.toString("latin1", start, end)}`);
  }

  onUpstreamFinish(trailers: DecodedFields | undefined): void {
    const lines = trailers?.fields.slice(0, trailers.count).map(({ line }) => line.trim());
    this.#note(["finish", ...(lines ?? [])].join(" "));
  }

  onUpstreamFailed(failure: ConnectFailure, endpoint: Endpoint | undefined): void {
    this.failedEndpoint = endpoint;
    this.#note(`failed ${failure}`);
  }

  onUpstreamData(bytes: Buffer, end: number): void {
    this.#note(`data ${bytes.toString("latin1", 0, end)}`);
  }

  onUpstreamEnd(): void {
    this.#note("end");
  }

  onUpstreamFlushed(): void {
    this.#note("flushed");
  }

  onUpstreamClosed(error: Error | undefined): void {
    this.#note(error === undefined ? "closed" : "broken");
  }

  #note(what: string): void {
    this.told.push(what);
    this.onTold();
  }
}

/** All that is told of services. */
export function toldOf(services: Pick<LiveServices, "tellers">): PoolStats {
  return joinedStats(services.tellers().map((tell) => tell()));
}
