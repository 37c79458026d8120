import type { Output } from "../output.ts";
import { FullScreen } from "../full-screen.ts";
import type { Terminal } from "../terminal.ts";
import { errorText } from "../../../proxy/base/error-text.ts";
import type { Look } from "./look.ts";
import { perform, planOf } from "./top-acts.ts";
import type { ActedApi } from "./top-acts.ts";
import { looks } from "./top-feed.ts";
import type { LookedApi } from "./top-feed.ts";
import { topFrame } from "./top-frame.ts";
import { topLine } from "./top-line.ts";
import { keysIn, onKey, TOP_START } from "./top-state.ts";
import type { TopEffect, TopState } from "./top-state.ts";

/** How somebody looks. */
export type TopOptions = {
  readonly api: LookedApi & ActedApi;
  readonly output: Output;
  /** Only services whose names have this in them. "": all. */
  readonly find: string;
  /** Ends after so many looks. undefined: it goes on. */
  readonly count: number | undefined;
  readonly json: boolean;
  /** When to end. */
  readonly ended: AbortSignal;
};

/** Shows how traffic goes, until somebody quits. @throws CliError as looks() */
export async function runTop(options: TopOptions): Promise<void> {
  const { terminal } = options.output;
  if (terminal === undefined || options.json) return goOn(options);
  const top = new Top(options, terminal);
  try {
    await top.run();
  } finally {
    top.close();
  }
}

/** A line a second. */
async function goOn({ api, output, find, count, json, ended }: TopOptions): Promise<void> {
  let seen = 0;
  for await (const look of looks(api, ended)) {
    if (isTooEarly(look)) continue;
    output.out(json ? JSON.stringify(look) : topLine(look, find));
    seen += 1;
    if (seen === count) return;
  }
}

/** It has no earlier one to compare with, and would say that nothing happens. */
function isTooEarly({ stats, lost }: Look): boolean {
  return stats?.windowMs === 0 && stats.countsMissing === undefined && lost === undefined;
}

/** The shell around the state: keys and looks come in, frames and calls go out. */
class Top {
  readonly #options: TopOptions;
  readonly #terminal: Terminal;
  readonly #screen: FullScreen;
  readonly #quit = new AbortController();
  readonly #stops: (() => void)[] = [];
  #state: TopState;

  constructor(options: TopOptions, terminal: Terminal) {
    this.#options = options;
    this.#terminal = terminal;
    this.#screen = new FullScreen(terminal);
    this.#state = { ...TOP_START, find: options.find };
  }

  async run(): Promise<void> {
    this.#draw();
    const { onKeys, onResize } = this.#terminal;
    this.#stops.push(onResize(() => this.#redraw()));
    if (onKeys !== undefined) this.#stops.push(onKeys((typed) => this.#type(typed)));
    const ended = AbortSignal.any([this.#quit.signal, this.#options.ended]);
    let seen = 0;
    for await (const look of looks(this.#options.api, ended)) {
      this.#see(look);
      seen += 1;
      if (seen === this.#options.count) return;
    }
  }

  close(): void {
    for (const stop of this.#stops) stop();
    this.#screen.leave();
  }

  #see(look: Look): void {
    this.#state = { ...this.#state, look };
    this.#draw();
  }

  #type(typed: string): void {
    for (const key of keysIn(typed)) {
      const { state, effect } = onKey(this.#state, key);
      this.#state = state;
      if (effect !== undefined) this.#take(effect);
    }
    this.#draw();
  }

  #take(effect: TopEffect): void {
    if (effect.kind === "quit") this.#quit.abort();
    else void this.#ask(effect);
  }

  /** Never rejects: what is refused is told below the table. */
  async #ask(effect: Exclude<TopEffect, { kind: "quit" }>): Promise<void> {
    const { api } = this.#options;
    const { act } = effect;
    try {
      if (effect.kind === "plan") {
        const about = await planOf(api, act);
        this.#state = { ...this.#state, mode: { kind: "confirm", act, about } };
      } else {
        const message = { text: await perform(api, act), isError: false };
        this.#state = { ...this.#state, mode: { kind: "look" }, message };
      }
    } catch (error) {
      const message = { text: errorText(error), isError: true };
      this.#state = { ...this.#state, mode: { kind: "look" }, message };
    }
    this.#draw();
  }

  #draw(): void {
    if (this.#quit.signal.aborted) return;
    this.#screen.draw(topFrame(this.#state, this.#terminal.size, this.#terminal.style));
  }

  #redraw(): void {
    this.#screen.forget();
    this.#draw();
  }
}
