import { MORE, REFUSED } from "../http1/limits.ts";
import type { AttemptOutcome } from "../metrics/stats.ts";
import type { RetryCause } from "../table/snapshot.ts";
import type { Endpoint } from "../upstream/endpoint.ts";
import type {
  ConnectFailure,
  UpstreamConnection,
  UpstreamUser,
} from "../upstream/upstream-connection.ts";
import type { NoConnection, VersionPool } from "../upstream/version-pool.ts";
import { upstreamIdleMs } from "./answer.ts";
import { ResponseForwarder } from "./forward-response.ts";
import type { ProxyError } from "./respond.ts";

/** Interim responses to one request that are passed on; more are a broken upstream's. */
const INTERIM_RESPONSES_MAX = 16;

/** How an attempt failed: for the client, for the counters, for the retry policy. */
export type Failure = {
  readonly error: ProxyError;
  readonly outcome: AttemptOutcome;
  /** undefined: never tried again. */
  readonly cause: RetryCause | undefined;
};

/** Every way in which an attempt fails. */
export const FAILURES = {
  refused: { error: "connect-refused", outcome: "connect", cause: "connect" },
  unreachable: { error: "connect-unreachable", outcome: "connect", cause: "connect" },
  connectTimeout: { error: "connect-timeout", outcome: "connect", cause: "connect" },
  reset: { error: "reset", outcome: "reset", cause: "reset-before-response" },
  late: { error: "response-timeout", outcome: "timeout", cause: undefined },
  invalid: { error: "response-invalid", outcome: "reset", cause: undefined },
  badUpgrade: { error: "upgrade-invalid", outcome: "reset", cause: undefined },
} as const satisfies Record<string, Failure>;

/** The exchange, as its attempt sees it. */
export interface AttemptOwner {
  /** The connection stands: the request may be sent. */
  onReady(connection: UpstreamConnection): void;
  /** The upstream took all that was written to it. */
  onUpstreamTook(): void;
  onInterimHead(): void;
  /** A final head or a 101 was read; bytes[start, end) follow it. */
  onFinalHead(bytes: Buffer, start: number, end: number): void;
  /** A piece of the body went to the client. */
  onBodyMoved(): void;
  /** The response is whole. `clean`: nothing came after it, the connection can serve another. */
  onResponseDone(clean: boolean): void;
  onFailure(failure: Failure): void;
}

/**
 * One try of an exchange at one endpoint: gets a connection and reads the answer from it. One
 * object an exchange, reused for each attempt. It decides nothing: the exchange does.
 */
export class Attempt implements UpstreamUser {
  readonly response = new ResponseForwarder();
  readonly #owner: AttemptOwner;
  pool: VersionPool | undefined;
  connection: UpstreamConnection | undefined;
  /** The endpoint that is tried. undefined: none yet. */
  endpoint: Endpoint | undefined;
  /** The response's head is on its way to the client. */
  #answered = false;
  #interims = 0;

  constructor(owner: AttemptOwner) {
    this.#owner = owner;
  }

  /** Whether the request can be written. */
  get ready(): boolean {
    return this.connection?.ready === true;
  }

  /**
   * Begins at a pool. "ready": write now. "waiting": onReady or onFailure follows. Else there will
   * be no connection. `fresh`: on a connection that nobody has used before, if there is room.
   */
  start(
    pool: VersionPool,
    connectTimeoutMs: number,
    avoid: Endpoint | undefined,
    fresh: boolean,
  ): "ready" | NoConnection {
    this.pool = pool;
    this.connection = undefined;
    this.endpoint = undefined;
    this.#answered = false;
    this.#interims = 0;
    this.response.begin();
    const got = pool.acquire(this, connectTimeoutMs, avoid, fresh);
    if (typeof got === "string") return got;
    this.connection = got;
    this.endpoint = got.endpoint;
    return got.ready ? "ready" : "waiting";
  }

  /**
   * Leaves: a connection in use is destroyed, since its state is unknown. Nothing is called back.
   */
  drop(): void {
    const { connection, pool } = this;
    this.connection = undefined;
    if (pool === undefined) return;
    if (connection === undefined) pool.cancel(this);
    else pool.discard(connection);
  }

  /** Leaves the connection to somebody else, a tunnel. */
  leave(): void {
    this.connection = undefined;
  }

  /** Leaves a connection that is in order and can serve the next exchange. */
  release(): void {
    const { connection, pool } = this;
    this.connection = undefined;
    if (connection === undefined) return;
    const { head } = this.response;
    if (!connection.reused) connection.idleMs = upstreamIdleMs(head.header("keep-alive"));
    pool?.release(connection);
  }

  /** Passes the response on from its body's first byte at bytes[start]; `head` goes before it. */
  answer(head: string, bytes: Buffer, start: number, end: number): void {
    this.#answered = true;
    this.#forward(head, bytes, start, end);
  }

  onUpstreamReady(connection: UpstreamConnection): void {
    this.connection = connection;
    this.endpoint = connection.endpoint;
    this.#owner.onReady(connection);
  }

  onUpstreamFailed(failure: ConnectFailure, endpoint: Endpoint | undefined): void {
    this.endpoint = endpoint;
    this.#owner.onFailure(FAILURES[failure === "timeout" ? "connectTimeout" : failure]);
  }

  onUpstreamData(bytes: Buffer, end: number): void {
    if (this.#answered) this.#forward("", bytes, 0, end);
    else this.#readHead(bytes, end);
  }

  onUpstreamFlushed(): void {
    this.#owner.onUpstreamTook();
  }

  /** The upstream sends no more: the end of a close-delimited body, or too early. */
  onUpstreamEnd(): void {
    if (this.#answered && this.response.endsWithConnection) {
      this.response.finish();
      this.#owner.onResponseDone(false);
    } else {
      this.#owner.onFailure(FAILURES.reset);
    }
  }

  onUpstreamClosed(): void {
    this.#owner.onFailure(FAILURES.reset);
  }

  #readHead(bytes: Buffer, end: number): void {
    const { response } = this;
    const joined = response.join(bytes, end);
    const buffer = joined ?? bytes;
    const limit = joined?.length ?? end;
    let start = 0;
    while (start < limit) {
      const length = response.head.parse(buffer, start, limit);
      if (length === MORE) return response.holdHead(buffer, start, limit);
      if (length === REFUSED) return this.#owner.onFailure(FAILURES.invalid);
      start += length;
      const { status } = response.head;
      if (status >= 200 || status === 101) return this.#owner.onFinalHead(buffer, start, limit);
      this.#interims += 1;
      if (this.#interims > INTERIM_RESPONSES_MAX) return this.#owner.onFailure(FAILURES.invalid);
      this.#owner.onInterimHead();
      response.begin();
    }
    return undefined;
  }

  #forward(head: string, bytes: Buffer, start: number, end: number): void {
    const connection = this.connection as UpstreamConnection;
    const scanned = this.response.forward(connection.transport, head, bytes, start, end);
    if (scanned === REFUSED) return this.#owner.onFailure(FAILURES.reset);
    if (this.response.scanner.done) return this.#owner.onResponseDone(scanned === end);
    return this.#owner.onBodyMoved();
  }
}
