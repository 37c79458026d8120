import { connect } from "node:http2";
import type { ClientHttp2Session } from "node:http2";
import { setTimeout as sleep } from "node:timers/promises";
import { eventually } from "./eventually.ts";

/** How long a busy stream pauses between two requests. */
const PAUSE_MS = 5;

/** What a load has seen. */
export type Http2LoadReport = {
  /** Requests that were not answered with 200, whole. */
  readonly failed: number;
  /** Connections that were asked to leave, or ended. Busy ones are then opened again. */
  readonly busyLost: number;
  readonly idleLost: number;
};

/** How many connections, and with how many requests at once on each busy one. */
export type Http2LoadCounts = {
  readonly busy: number;
  readonly streams: number;
  readonly idle: number;
};

/**
 * Connections of HTTP/2 in clear, by Node's client: busy ones with several requests at once, and
 * idle ones that have had one request and have another at the end.
 */
export class Http2Load implements Disposable {
  readonly #sessions = new Set<ClientHttp2Session>();
  readonly #idle: readonly ClientHttp2Session[];
  readonly #loops: readonly Promise<void>[];
  readonly #port: number;
  readonly #host: string;
  #isStopped = false;
  #failed = 0;
  #busyLost = 0;
  /** Requests answered so far. */
  answered = 0;

  /** Resolves when every connection has had an answer. */
  static async start(port: number, host: string, counts: Http2LoadCounts): Promise<Http2Load> {
    const load = new Http2Load(port, host, counts);
    await load.more(counts.busy * counts.streams + counts.idle);
    return load;
  }

  private constructor(port: number, host: string, { busy, streams, idle }: Http2LoadCounts) {
    this.#port = port;
    this.#host = host;
    this.#idle = Array.from({ length: idle }, () => this.#open());
    for (const session of this.#idle) void this.#ask(session);
    this.#loops = Array.from({ length: busy }, () => this.#keepBusy(streams));
  }

  /** Resolves when `count` more requests have been answered. */
  async more(count: number): Promise<void> {
    const wanted = this.answered + count;
    await eventually(() => {
      if (this.answered < wanted) throw new Error(`Load has ${this.answered} of ${wanted} answers`);
    }, 20_000);
  }

  /** Ends the work, uses every idle connection once more, and tells what became of everything. */
  async finish(): Promise<Http2LoadReport> {
    this.#isStopped = true;
    await Promise.all(this.#loops);
    const idleLost = this.#idle.filter(({ closed }) => closed).length;
    await Promise.all(this.#idle.map((session) => this.#ask(session)));
    return { failed: this.#failed, busyLost: this.#busyLost, idleLost };
  }

  [Symbol.dispose](): void {
    this.#isStopped = true;
    for (const session of this.#sessions) session.destroy();
  }

  /** Node's client marks it as closed when a GOAWAY comes. */
  #open(): ClientHttp2Session {
    const session = connect(`http://127.0.0.1:${this.#port}`);
    session.on("error", () => undefined);
    session.on("close", () => this.#sessions.delete(session));
    this.#sessions.add(session);
    return session;
  }

  /** One connection, or another when that is lost. */
  async #keepBusy(streams: number): Promise<void> {
    let session = this.#open();
    const one = async (): Promise<void> => {
      while (!this.#isStopped) {
        if (session.closed) {
          this.#busyLost += 1;
          session = this.#open();
        }
        await this.#ask(session);
        await sleep(PAUSE_MS);
      }
    };
    await Promise.all(Array.from({ length: streams }, one));
  }

  async #ask(session: ClientHttp2Session): Promise<void> {
    if ((await statusOf(session, this.#host)) === 200) this.answered += 1;
    else this.#failed += 1;
  }
}

/** Of one request with a cookie, which the client's table keeps. undefined: it has none. */
function statusOf(session: ClientHttp2Session, host: string): Promise<number | undefined> {
  return new Promise((resolve) => {
    if (session.closed) return resolve(undefined);
    const stream = session.request({ ":authority": host, cookie: "one=1; two=2" });
    let status: number | undefined;
    stream.on("response", (fields) => (status = fields[":status"]));
    stream.on("error", () => (status = undefined));
    stream.on("close", () => resolve(status));
    stream.resume();
  });
}
