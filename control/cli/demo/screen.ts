import type { Output } from "../output.ts";
import { boardText, Redraw, stepJson, stepText } from "./board.ts";
import type { Tally } from "./tally.ts";

/** Where a demo shows itself. */
export interface Screen {
  /** Something to read once, before the first step. */
  say(line: string): void;
  /** Called a few times a second with all steps of this round; the last one is under way. */
  progress(tallies: readonly Tally[]): void;
  /** A step has ended. */
  finished(tally: Tally): void;
}

/** A table that is drawn again in place. `write` goes to a terminal. */
export function liveScreen(write: (text: string) => void): Screen {
  const redraw = new Redraw(write);
  return {
    say: (line) => write(`${line}\n`),
    progress: (tallies) => redraw.draw(boardText(tallies)),
    finished: () => undefined,
  };
}

/** A line for each step, for logs. */
export function lineScreen({ out }: Output): Screen {
  return { say: out, progress: () => undefined, finished: (tally) => out(stepText(tally)) };
}

/** A JSON object for each step, for programs. */
export function jsonScreen({ out }: Output): Screen {
  return {
    say: () => undefined,
    progress: () => undefined,
    finished: (tally) => out(JSON.stringify(stepJson(tally))),
  };
}
