import type { ResponseHead } from "../http1/response-head.ts";
import type { Endpoint } from "../upstream/endpoint.ts";
import type { UpstreamUser } from "../upstream/upstream-connection.ts";
import type { Destination } from "./destination.ts";
import type { ExchangeStream, ExchangeUpstream, UpstreamPool } from "./ports.ts";
import type { ProxyError } from "./respond.ts";
import { upstreamIdleMs } from "./upstream-idle.ts";

/** The attempt under way: what it got from which pool. One object for each exchange, reused. */
export class Attempt {
  #pool: UpstreamPool | undefined;
  /** undefined: none yet, or no more. */
  upstream: ExchangeUpstream | undefined;
  /** The endpoint that is tried. undefined: none yet. */
  endpoint: Endpoint | undefined;

  clear(): void {
    this.#pool = undefined;
    this.upstream = undefined;
    this.endpoint = undefined;
  }

  /** The pool has all its connections in use, and has put it into its waiting line. */
  get inLine(): boolean {
    return this.#pool !== undefined && this.endpoint === undefined;
  }

  /**
   * Begins at the destination's pool. It may have to wait; then onUpstreamReady or onUpstreamFailed
   * follows. Returns the reason if there will be no connection.
   */
  begin(
    user: UpstreamUser,
    { pool, policy }: Destination,
    avoid: Endpoint | undefined,
    fresh: boolean,
  ): ProxyError | undefined {
    this.#pool = pool;
    this.upstream = undefined;
    this.endpoint = undefined;
    const got = pool?.acquire(user, policy.connectTimeoutMs, avoid, fresh) ?? "unavailable";
    if (typeof got !== "string") this.got(got);
    if (got !== "unavailable" && got !== "overloaded") return undefined;
    this.#pool = undefined;
    return got === "unavailable" ? "no-endpoint" : got;
  }

  got(upstream: ExchangeUpstream): void {
    this.upstream = upstream;
    this.endpoint = upstream.endpoint;
  }

  /** It went well at the endpoint, or badly. */
  judge(isWell: boolean): void {
    if (this.endpoint === undefined) return;
    if (isWell) this.#pool?.succeeded(this.endpoint);
    else this.#pool?.failed(this.endpoint);
  }

  /** Where the request can be written to now. undefined: no connection is ready. */
  get writable(): ExchangeStream | undefined {
    return this.upstream?.ready === true ? this.upstream.transport : undefined;
  }

  /** On a connection that had carried an exchange before. */
  get isReused(): boolean {
    return this.upstream?.reused === true;
  }

  /** It sent more than answers. */
  spoke(nowMs: number): void {
    this.endpoint?.habits.spoke(nowMs);
  }

  /** A connection in use is destroyed, since its state is unknown. */
  drop(user: UpstreamUser): void {
    const { upstream } = this;
    this.upstream = undefined;
    if (upstream === undefined) this.#pool?.cancel(user);
    else this.#pool?.discard(upstream);
  }

  /** The connection is in order and can serve the next exchange. */
  release(head: ResponseHead): void {
    const { upstream } = this;
    this.upstream = undefined;
    if (upstream === undefined) return;
    if (!upstream.reused) upstream.idleMs = upstreamIdleMs(head.header("keep-alive"));
    this.#pool?.release(upstream);
  }
}
