import type { Spread } from "../statistics.ts";

/** Shown where nothing was measured. */
export const NOTHING = "–";

/** `12.3 (11.9–13.0)`: the median and its range, after division by `unit`. */
export function spreadText(spread: Spread | undefined, unit = 1): string {
  if (spread === undefined) return NOTHING;
  const [median, min, max] = [spread.median, spread.min, spread.max].map((value) =>
    numberText(value / unit),
  );
  return min === max ? `${median}` : `${median} (${min}–${max})`;
}

/** Three significant digits at most below 100, whole numbers above, with thousands separated. */
export function numberText(value: number): string {
  const magnitude = Math.abs(value);
  if (magnitude >= 100)
    return Math.round(value)
      .toString()
      .replace(/\B(?=(\d{3})+$)/g, " ");
  if (Number.isInteger(value)) return String(value);
  return magnitude >= 10 ? value.toFixed(1) : value.toFixed(2);
}

/** A Markdown table: `head` above `rows`, the first column aligned left and the others right. */
export function markdownTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const rule = `|---|${"---:|".repeat(head.length - 1)}`;
  return [tableLine(head), rule, ...rows.map(tableLine)].join("\n");
}

/** One line of such a table. */
export function tableLine(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}
