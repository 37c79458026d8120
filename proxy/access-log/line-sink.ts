import { close, open, write } from "node:fs";
import { Timer } from "../base/timer-wheel.ts";
import type { Expiring, TimerWheel } from "../base/timer-wheel.ts";
import type { Log } from "../base/log.ts";
import { LineQueue } from "./line-queue.ts";
import type { Chunk, LineSource } from "./line-queue.ts";

/** How long a line waits for others, so that one system call writes many. */
const LINGER_MS = 250;

/** After a failure: until it is tried again, and at most so often it is told. */
const RETRY_MS = 1_000;
const COMPLAINT_MS = 60_000;

/** Owner and group may read it: it says who asked for what. */
const FILE_MODE = 0o640;

const STDOUT = 1;

/** Where lines go, and what became of them. */
export type LineCounts = { written: number; dropped: number };

/** What a sink works with. */
export type LineSinkDeps = {
  readonly wheel: TimerWheel;
  readonly log: Log;
  readonly counts: LineCounts;
  /** Adds the lines that it may expect. */
  readonly collect: () => void;
};

/**
 * Appends lines to a file, or writes them to standard output, behind the back of whoever makes
 * them: nobody waits, lines that find no room or cannot be written are dropped and counted.
 */
export class LineSink implements Expiring {
  readonly path: string | undefined;
  readonly #deps: LineSinkDeps;
  readonly #queue: LineQueue;
  readonly #timer = new Timer(this);
  /** undefined: it is not open. */
  #fd: number | undefined;
  /** A call of the file system is under way. */
  #isBusy = false;
  #mustReopen = false;
  #isClosed = false;
  #saidMs = -Infinity;
  #whenIdle: (() => void)[] = [];

  /** `path`: of the file, made if it is not there. undefined: standard output. */
  constructor(path: string | undefined, deps: LineSinkDeps) {
    this.path = path;
    this.#deps = deps;
    this.#queue = new LineQueue(path !== undefined);
    if (path === undefined) this.#fd = STDOUT;
  }

  add(line: LineSource): void {
    if (!this.#queue.add(line)) this.#deps.counts.dropped += 1;
    else if (this.#queue.isRipe) this.#pump();
    else this.expect();
  }

  /** There are lines, or will be: in a moment it collects and writes them. */
  expect(): void {
    if (this.#timer.deadlineMs === Infinity) this.#deps.wheel.arm(this.#timer, LINGER_MS);
  }

  /** The file may have been moved away (logrotate): what comes from now on goes to a new one. */
  reopen(): void {
    if (this.path === undefined) return;
    this.#mustReopen = true;
    this.#pump();
  }

  /** Resolves when all lines so far are written or lost. */
  flush(): Promise<void> {
    this.#deps.collect();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#whenIdle.push(resolve);
    this.#pump();
    return promise;
  }

  /** Writes what it has, and closes the file. */
  async close(): Promise<void> {
    await this.flush();
    this.#isClosed = true;
    this.#timer.close();
    this.#leaveFile();
  }

  onDeadline(): void {
    this.#deps.collect();
    this.#pump();
  }

  /** Does the next thing that is to be done, and afterwards the one after it. */
  #pump(): void {
    if (this.#isBusy || this.#isClosed) return undefined;
    if (this.#mustReopen) this.#leaveFile();
    this.#mustReopen = false;
    if (this.#fd === undefined && this.path !== undefined) return this.#open(this.path);
    const chunk = this.#queue.take();
    if (chunk !== undefined) return this.#write(chunk, 0);
    const { length } = this.#whenIdle;
    for (const resolve of this.#whenIdle.splice(0, length)) resolve();
    return undefined;
  }

  #open(path: string): void {
    this.#isBusy = true;
    open(path, "a", FILE_MODE, (error, fd) => {
      this.#isBusy = false;
      if (error !== null) return this.#failed(error);
      this.#fd = fd;
      return this.#pump();
    });
  }

  #write(chunk: Chunk, start: number): void {
    this.#isBusy = true;
    const left = chunk.length - start;
    write(this.#fd ?? STDOUT, chunk.bytes, start, left, null, (error, written) => {
      if (error?.code === "EAGAIN") return this.#writeLater(chunk, start);
      if (error === null && written < left) return this.#write(chunk, start + written);
      this.#isBusy = false;
      this.#deps.counts[error === null ? "written" : "dropped"] += chunk.lines;
      this.#queue.recycle(chunk);
      if (error !== null) return this.#failed(error);
      return this.#goOn();
    });
  }

  /**
   * What is full or waited for goes out at once. A few lines wait for more, as ever: a write for
   * those of each turn would cost as much as making them.
   */
  #goOn(): void {
    const isWanted = this.#mustReopen || this.#whenIdle.length > 0;
    if (isWanted || this.#queue.isRipe) this.#pump();
    else if (!this.#queue.isEmpty) this.expect();
  }

  /** A terminal or pipe that blocks nobody has no room now. */
  #writeLater(chunk: Chunk, start: number): void {
    const later = new Timer({ onDeadline: () => this.#write(chunk, start) });
    this.#deps.wheel.arm(later, LINGER_MS);
  }

  /** What waits is kept, as long as there is room, unless somebody waits for it. */
  #failed(error: NodeJS.ErrnoException): void {
    const { wheel, log, counts } = this.#deps;
    if (wheel.nowMs - this.#saidMs >= COMPLAINT_MS) {
      this.#saidMs = wheel.nowMs;
      const { code = "" } = error;
      log.error("access-log.failed", { path: this.path ?? "stdout", code, ...counts });
    }
    if (this.#whenIdle.length > 0) return this.#dropAll();
    return wheel.arm(this.#timer, RETRY_MS);
  }

  #dropAll(): void {
    for (let chunk = this.#queue.take(); chunk !== undefined; chunk = this.#queue.take()) {
      this.#deps.counts.dropped += chunk.lines;
      this.#queue.recycle(chunk);
    }
    for (const resolve of this.#whenIdle.splice(0)) resolve();
  }

  #leaveFile(): void {
    const fd = this.#fd;
    if (this.path === undefined || fd === undefined) return;
    this.#fd = undefined;
    // All of it is written, and what a close could still say nobody could act on.
    close(fd, () => undefined);
  }
}
