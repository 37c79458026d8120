import { isDeepStrictEqual } from "node:util";
import type { Clock } from "../../proxy/base/clock.ts";
import { orLate } from "../../proxy/base/deadline.ts";
import type { Random } from "../../proxy/base/random.ts";
import { Turns } from "../base/turns.ts";
import type { Answer } from "./address-record.ts";
import type { LookUp, NameQuestion } from "./dns-look-up.ts";
import { NameWatch } from "./name-watch.ts";
import type { KnownStatus, NameStatus } from "./name-status.ts";
import type { SystemNames } from "./system-files.ts";

/**
 * Questions under way at once, each with a socket for each server that it tries: together a quarter
 * of the 1 024 that many systems give a process. Names that DNS did not answer for last time have
 * places of their own, so that however many of them wait out their timeouts, the others do not wait
 * behind them.
 */
const QUESTIONS_MAX = 192;
const SUSPECT_QUESTIONS_MAX = 64;

/** How often the system's files are looked at: a `stat` each. */
export const FILES_EVERY_MS = 5_000;

/**
 * How long a table waits for first answers. A DNS server near by needs some milliseconds; one that
 * is silent must not hold up a start.
 */
export const FIRST_ANSWERS_MS = 2_000;

/** What the names work with. */
export type NamesDeps = {
  readonly clock: Clock;
  readonly random: Random;
  readonly system: SystemNames;
  readonly lookUp: LookUp;
};

type Followed = {
  readonly watch: NameWatch;
  readonly sinceMs: number;
  told: NameStatus;
};

/** Knows the addresses of the host names that it is told to follow. */
export class Names {
  /** Called when a name's addresses, or why it has none, changed. Set by the owner. */
  onChange: (name: string, status: KnownStatus) => void = () => undefined;
  readonly #deps: NamesDeps;
  readonly #turns = new Turns(QUESTIONS_MAX);
  readonly #suspectTurns = new Turns(SUSPECT_QUESTIONS_MAX);
  readonly #followed = new Map<string, Followed>();
  readonly #closing = new AbortController();
  readonly #ended = new Set<Promise<void>>();
  #polling: Promise<void> | undefined;

  constructor(deps: NamesDeps) {
    this.#deps = deps;
  }

  /** `asking` for a name that nobody follows. */
  status(name: string): NameStatus {
    return this.#followed.get(name)?.told ?? { kind: "asking" };
  }

  /** Follows these names (lower case) from now on, and no others. */
  follow(names: ReadonlySet<string>): void {
    if (this.#closing.signal.aborted) return;
    for (const [name, { watch }] of this.#followed) {
      if (!names.has(name)) this.#end(name, watch);
    }
    for (const name of names) {
      if (!this.#followed.has(name)) this.#begin(name);
    }
    if (names.size > 0) this.#polling ??= this.#pollFiles().catch(() => undefined);
  }

  /** Resolves when each name has had a first answer or failure, or FIRST_ANSWERS_MS for one. */
  async settled(): Promise<void> {
    const { clock } = this.#deps;
    const youngMs = clock.nowMs() - FIRST_ANSWERS_MS;
    const waiting = [...this.#followed.values()].filter(
      ({ told, sinceMs }) => told.kind === "asking" && sinceMs > youngMs,
    );
    if (waiting.length === 0) return;
    const waitMs = Math.max(...waiting.map(({ sinceMs }) => sinceMs)) - youngMs;
    const known = Promise.all(waiting.map(async ({ watch }) => watch.known));
    const { signal } = this.#closing;
    await orLate(known, waitMs, clock, () => undefined, signal).catch(() => undefined);
  }

  /** Stops asking. Resolves when no question is under way. */
  async close(): Promise<void> {
    this.#closing.abort();
    for (const [name, { watch }] of this.#followed) this.#end(name, watch);
    await Promise.all([...this.#ended, this.#polling]);
  }

  #begin(name: string): void {
    const { clock, random, system } = this.#deps;
    const watch: NameWatch = new NameWatch(name, {
      clock,
      random,
      system,
      lookUp: (question, isSuspect, signal) => this.#ask(question, isSuspect, signal),
      onStatus: () => this.#tell(name, watch),
    });
    this.#followed.set(name, { watch, sinceMs: clock.nowMs(), told: { kind: "asking" } });
    watch.start();
  }

  #end(name: string, watch: NameWatch): void {
    this.#followed.delete(name);
    const ended = watch.close().finally(() => this.#ended.delete(ended));
    this.#ended.add(ended);
  }

  #ask(question: NameQuestion, isSuspect: boolean, signal: AbortSignal): Promise<Answer> {
    const turns = isSuspect ? this.#suspectTurns : this.#turns;
    return turns.run(async () => {
      signal.throwIfAborted();
      return this.#deps.lookUp(question, signal);
    });
  }

  #tell(name: string, { status }: NameWatch): void {
    const followed = this.#followed.get(name);
    if (followed === undefined || isDeepStrictEqual(followed.told, status)) return;
    // Taken out of the hosts file: it keeps its addresses until DNS has spoken.
    if (status.kind === "asking") return;
    followed.told = status;
    this.onChange(name, status);
  }

  /** Until the end. The files were read before anybody followed a name: see SystemFiles. */
  async #pollFiles(): Promise<never> {
    const { clock, system } = this.#deps;
    for (;;) {
      await clock.sleep(FILES_EVERY_MS, this.#closing.signal);
      if (!(await system.refresh())) continue;
      for (const { watch } of this.#followed.values()) watch.start();
    }
  }
}
