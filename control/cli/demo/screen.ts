import { FullScreen } from "../full-screen.ts";
import type { Output } from "../output.ts";
import type { Terminal } from "../terminal.ts";
import { looks } from "../top/top-feed.ts";
import type { LookedApi } from "../top/top-feed.ts";
import type { Look } from "../top/look.ts";
import { stepJson, stepText } from "./board.ts";
import { closingLines, demoFrame, stepLines } from "./demo-frame.ts";
import type { Tally } from "./tally.ts";

/** Columns of what stays on the terminal in the end: whatever its size is then. */
const CLOSING_COLUMNS = 80;

/** Where a demo shows itself. */
export interface Screen {
  /** Something to read before the first step: where things are. */
  say(line: string): void;
  /** The sidecar serves, and can be looked at until `ended`. */
  watch(api: LookedApi, ended: AbortSignal): void;
  /** Called a few times a second with all steps of this round; the last one is under way. */
  progress(tallies: readonly Tally[]): void;
  /** A step has ended. */
  finished(tally: Tally): void;
  /** Nothing more comes. */
  close(): void;
}

/** A screen that is drawn again in place; what came of it stays when it is over. */
export function liveScreen(terminal: Terminal, { out }: Pick<Output, "out">): Screen {
  return new LiveScreen(terminal, out);
}

class LiveScreen implements Screen {
  readonly #terminal: Terminal;
  readonly #out: (line: string) => void;
  readonly #screen: FullScreen;
  readonly #places: string[] = [];
  readonly #finished: Tally[] = [];
  #tallies: readonly Tally[] = [];
  #look: Look | undefined;

  constructor(terminal: Terminal, out: (line: string) => void) {
    this.#terminal = terminal;
    this.#out = out;
    this.#screen = new FullScreen(terminal);
  }

  say(line: string): void {
    if (line !== "") this.#places.push(line);
    this.#draw();
  }

  watch(api: LookedApi, ended: AbortSignal): void {
    void this.#follow(api, ended);
  }

  progress(tallies: readonly Tally[]): void {
    this.#tallies = tallies;
    this.#draw();
  }

  finished(tally: Tally): void {
    this.#finished.push(tally);
  }

  close(): void {
    this.#screen.leave();
    if (this.#finished.length === 0) return;
    for (const line of stepLines(this.#tallies, CLOSING_COLUMNS)) this.#out(line);
    for (const line of ["", ...closingLines(this.#finished)]) this.#out(line);
  }

  /** What cannot be looked at is not shown: the demo itself says what is wrong with its sidecar. */
  async #follow(api: LookedApi, ended: AbortSignal): Promise<void> {
    try {
      for await (const look of looks(api, ended)) this.#look = look;
    } catch {
      this.#look = undefined;
    }
  }

  #draw(): void {
    const view = { places: this.#places, tallies: this.#tallies, look: this.#look };
    this.#screen.draw(demoFrame(view, this.#terminal.size, this.#terminal.style));
  }
}

/** A line for each step, for logs. */
export function lineScreen({ out }: Pick<Output, "out">): Screen {
  const finished: Tally[] = [];
  return {
    say: out,
    watch: () => undefined,
    progress: () => undefined,
    finished: (tally) => {
      finished.push(tally);
      out(stepText(tally));
    },
    close: () => {
      for (const line of closingLines(finished)) out(line);
    },
  };
}

/** A JSON object for each step, for programs. */
export function jsonScreen({ out }: Pick<Output, "out">): Screen {
  return {
    say: () => undefined,
    watch: () => undefined,
    progress: () => undefined,
    finished: (tally) => out(JSON.stringify(stepJson(tally))),
    close: () => undefined,
  };
}
