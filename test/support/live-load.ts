import { setTimeout as sleep } from "node:timers/promises";
import { eventually } from "./eventually.ts";
import { KeptConnection } from "./kept-connection.ts";
import { NumberedWebSocket } from "./numbered-web-socket.ts";
import type { MessageCounts } from "./numbered-web-socket.ts";

/** One in so many WebSockets sends long messages too. */
const LONG_MESSAGES_EVERY = 8;
/** How long the last messages may take to come back. */
const SETTLE_MS = 10_000;

/** Where a live load goes, and what it is made of. */
export type LiveLoadPlan = {
  readonly port: number;
  readonly host: string;
  /** Kept-alive connections that send one request after the other. */
  readonly busy: number;
  /** How long each pauses between two requests, in milliseconds. 0: not at all. */
  readonly pauseMs: number;
  /** Connections that are opened each second for one request. */
  readonly churnPerSecond: number;
  /** Kept-alive connections that have had one request and will have another at the end. */
  readonly idle: number;
  readonly webSockets: number;
  /** How long each WebSocket pauses between two messages. */
  readonly messageEveryMs: number;
  /** All of it over TLS, by which nobody is verified. Absent: in clear. */
  readonly secure?: boolean;
};

/** What a live load has seen. */
export type LiveLoadReport = {
  /** Requests that were answered with 200. */
  readonly answered: number;
  /** Requests that got no whole answer, or another status. */
  readonly failed: number;
  /** Why, and how often. */
  readonly failures: Readonly<Record<string, number>>;
  /** Kept-alive connections that the other side closed between two requests. */
  readonly busyClosed: number;
  readonly idleClosed: number;
  readonly webSocketsClosed: number;
  readonly messages: MessageCounts;
  /** Longest time from a request, or its connect, to the whole answer. */
  readonly longestMs: number;
};

/**
 * Every kind of connection that a proxy has open at once, at work until finish(). Connections of
 * its busy and opening kinds are opened again when they are closed; idle ones and WebSockets are
 * not.
 */
export class LiveLoad implements AsyncDisposable {
  readonly #plan: LiveLoadPlan;
  readonly #idle: KeptConnection[] = [];
  readonly #webSockets: NumberedWebSocket[] = [];
  readonly #failures = new Map<string, number>();
  readonly #loops: Promise<void>[] = [];
  #isStopped = false;
  #busyClosed = 0;
  #longestMs = 0;
  /** Requests answered so far. */
  answered = 0;

  /** Resolves when everything is open and at work. @throws when a connection is refused. */
  static async start(plan: LiveLoadPlan): Promise<LiveLoad> {
    const load = new LiveLoad(plan);
    await load.#open();
    return load;
  }

  private constructor(plan: LiveLoadPlan) {
    this.#plan = plan;
  }

  /** Requests failed so far. */
  get failed(): number {
    return [...this.#failures.values()].reduce((sum, count) => sum + count, 0);
  }

  /** Resolves when `count` more requests have been answered. */
  async more(count: number): Promise<void> {
    const wanted = this.answered + count;
    await eventually(() => {
      if (this.answered < wanted) throw new Error(`Load has ${this.answered} of ${wanted} answers`);
    }, 20_000);
  }

  /** Ends the work, uses every idle connection once more, and tells what became of everything. */
  async finish(): Promise<LiveLoadReport> {
    await this.#stop();
    const settled = (): boolean =>
      this.#webSockets.every((each) => each.settled || each.closed !== undefined);
    const tooLateMs = performance.now() + SETTLE_MS;
    while (!settled() && performance.now() < tooLateMs) await sleep(10);
    const isOpen = await Promise.all(this.#idle.map((connection) => this.#ask(connection)));
    const report = {
      answered: this.answered,
      failed: this.failed,
      failures: Object.fromEntries(this.#failures),
      busyClosed: this.#busyClosed,
      idleClosed: isOpen.filter((open) => !open).length,
      webSocketsClosed: this.#webSockets.filter(({ closed }) => closed !== undefined).length,
      messages: sumOf(this.#webSockets.map((each) => each.counts())),
      longestMs: Math.round(this.#longestMs),
    };
    this.#leave();
    return report;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stop();
    this.#leave();
  }

  async #open(): Promise<void> {
    const { port, host, busy, idle, webSockets, secure = false } = this.#plan;
    for (let opened = 0; opened < idle; opened += 1) {
      const connection = await this.#dial();
      this.#idle.push(connection);
      await this.#ask(connection);
    }
    for (let opened = 0; opened < webSockets; opened += 1) {
      const isLong = opened % LONG_MESSAGES_EVERY === 0;
      this.#webSockets.push(await NumberedWebSocket.open({ port, host, secure }, isLong));
    }
    for (let begun = 0; begun < busy; begun += 1) this.#loops.push(this.#keepBusy());
    this.#loops.push(this.#churn(), this.#talk());
  }

  async #stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all(this.#loops);
  }

  #leave(): void {
    for (const connection of this.#idle) connection.close();
    for (const webSocket of this.#webSockets) webSocket.leave();
  }

  async #keepBusy(): Promise<void> {
    let connection: KeptConnection | undefined;
    while (!this.#isStopped) {
      if (connection?.isOpen === false) this.#busyClosed += 1;
      if (connection?.isOpen !== true) connection = await this.#connect();
      if (connection !== undefined) await this.#ask(connection);
      await sleep(this.#plan.pauseMs);
    }
    connection?.close();
  }

  async #churn(): Promise<void> {
    const { churnPerSecond } = this.#plan;
    const asked = new Set<Promise<void>>();
    if (churnPerSecond === 0) return;
    while (!this.#isStopped) {
      const one = this.#askOnce().finally(() => asked.delete(one));
      asked.add(one);
      await sleep(1000 / churnPerSecond);
    }
    await Promise.all(asked);
  }

  async #askOnce(): Promise<void> {
    const connection = await this.#connect();
    if (connection === undefined) return;
    await this.#ask(connection);
    connection.close();
  }

  /** The WebSockets take turns, so that some message is always on its way. */
  async #talk(): Promise<void> {
    const { messageEveryMs } = this.#plan;
    const startMs = performance.now();
    for (let sent = 0; !this.#isStopped && this.#webSockets.length > 0;) {
      const dueMs = performance.now() - startMs;
      const due = (dueMs * this.#webSockets.length) / messageEveryMs;
      for (; sent < due; sent += 1) this.#webSockets[sent % this.#webSockets.length]?.send();
      await sleep(1);
    }
  }

  #dial(): Promise<KeptConnection> {
    const { port, secure = false } = this.#plan;
    return KeptConnection.open(port, undefined, secure ? {} : undefined);
  }

  async #connect(): Promise<KeptConnection | undefined> {
    try {
      return await this.#dial();
    } catch (error) {
      this.#fail(error);
      return undefined;
    }
  }

  /** Sends one request. Resolves with whether the connection was still open for it. */
  async #ask(connection: KeptConnection): Promise<boolean> {
    if (!connection.isOpen) return false;
    const startMs = performance.now();
    try {
      const { status } = await connection.get(this.#plan.host);
      this.#longestMs = Math.max(this.#longestMs, performance.now() - startMs);
      if (status === 200) this.answered += 1;
      else this.#fail(new Error(`Status ${status}`));
    } catch (error) {
      this.#fail(error);
      connection.close();
    }
    return true;
  }

  #fail(error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    this.#failures.set(reason, (this.#failures.get(reason) ?? 0) + 1);
  }
}

function sumOf(counts: readonly MessageCounts[]): MessageCounts {
  const sum = (key: keyof MessageCounts): number =>
    counts.reduce((total, each) => total + each[key], 0);
  return {
    sent: sum("sent"),
    echoed: sum("echoed"),
    lost: sum("lost"),
    doubled: sum("doubled"),
    outOfOrder: sum("outOfOrder"),
    damaged: sum("damaged"),
  };
}
