import { LatestMap } from "../base/latest-map.ts";
import { ResetStreams } from "./reset-streams.ts";
import type { Http2Role } from "./settings.ts";
import { Http2Stream } from "./stream.ts";
import type { StreamHost } from "./stream.ts";
import { UINT31_MAX } from "./limits.ts";

/** Stream objects that a connection keeps for its next streams. */
const SPARE_MAX = 32;

/** The streams of a connection: which are open, which ever were (RFC 9113 section 5.1). */
export class StreamTable {
  /** Those that are open, by number. */
  readonly open = new LatestMap<number, Http2Stream>();
  /** Servers: the highest number of the client's so far. */
  lastPeer = 0;
  readonly resets = new ResetStreams();
  /** Clients: streams that were asked for and have sent no head yet. */
  readonly unbegun = new Set<Http2Stream>();

  readonly #role: Http2Role;
  readonly #host: StreamHost;
  /** Clients: the number of the next stream. */
  #next = 1;
  readonly #spare: Http2Stream[] = [];
  /** Servers: the last numbers that the client has left out. */
  #skippedFrom = 1;
  #skippedTo = -1;

  constructor(role: Http2Role, host: StreamHost) {
    this.#role = role;
    this.#host = host;
  }

  /** Open ones, and those that will be. */
  get count(): number {
    return this.open.size + this.unbegun.size;
  }

  /** Clients: no numbers are left. */
  get isUsedUp(): boolean {
    return this.#next > UINT31_MAX;
  }

  /** A stream object; one that has no number yet is not in `open`. */
  take(id: number, sendWindow: number): Http2Stream {
    const stream = this.#spare.pop() ?? new Http2Stream(this.#host);
    stream.begin(id, sendWindow);
    if (id === 0) this.unbegun.add(stream);
    else this.open.add(id, stream);
    return stream;
  }

  /** Clients: gives it the next number. */
  number(stream: Http2Stream): void {
    stream.id = this.#next;
    this.#next += 2;
    this.unbegun.delete(stream);
    this.open.add(stream.id, stream);
  }

  /** It is open no more. */
  close(stream: Http2Stream): void {
    stream.isClosed = true;
    if (stream.id === 0) this.unbegun.delete(stream);
    else this.open.delete(stream.id);
  }

  /** Takes the object back once nobody can reach it. */
  recycle(stream: Http2Stream): void {
    const isFree = stream.isClosed && stream.isReleased && !stream.isTouched && !stream.isStarved;
    if (!isFree || this.#spare.length === SPARE_MAX) return;
    // Once: it is in use again from here on, as far as this is concerned.
    stream.isReleased = false;
    this.#spare.push(stream);
  }

  /** Servers: the client begins its next stream. */
  beginPeer(id: number): void {
    const next = this.lastPeer === 0 ? 1 : this.lastPeer + 2;
    if (id > next) {
      this.#skippedFrom = next;
      this.#skippedTo = id - 2;
    }
    this.lastPeer = id;
  }

  /** Servers: the client has left it out just now, so that it never was a stream. */
  wasSkipped(id: number): boolean {
    return id >= this.#skippedFrom && id <= this.#skippedTo;
  }

  /** Nobody has used this number yet, and the peer may not speak of it, unless it begins it. */
  isIdle(id: number): boolean {
    const isClients = (id & 1) === 1;
    if (!isClients) return true;
    return this.#role === "server" ? id > this.lastPeer : id >= this.#next;
  }
}
