import { visibleText } from "../../proxy/base/visible-text.ts";
import type { Output } from "./output.ts";
import { Redraw } from "./redraw.ts";
import { changeOf, rolloutBoard } from "./rollout-board.ts";
import { progressText } from "./rollout-text.ts";
import type { RolloutWatching } from "./rollout-watch.ts";

/**
 * Where somebody watches a rollout: a board that is drawn again in place on a terminal, else a line
 * for each change, or for each look as JSON.
 */
export function rolloutScreen(
  output: Output,
  json: boolean,
): Pick<RolloutWatching, "isLive" | "show"> {
  const { terminal } = output;
  if (terminal !== undefined && !json) {
    const redraw = new Redraw(terminal.write);
    const show: RolloutWatching["show"] = (seen) => {
      redraw.draw(fitted(rolloutBoard(seen), terminal.size.columns));
    };
    return { isLive: true, show };
  }
  let told = "";
  const show: RolloutWatching["show"] = ({ rollout }) => {
    const change = json ? JSON.stringify(rollout) : changeOf(rollout);
    if (change !== told) output.out(json ? change : progressText(rollout));
    told = change;
  };
  return { isLive: false, show };
}

/** What others have written commands no terminal, and no line takes two of it. */
function fitted(board: string, columns: number): string {
  const lines = board.split("\n").map((line) => visibleText(line).slice(0, columns));
  return lines.join("\n");
}
