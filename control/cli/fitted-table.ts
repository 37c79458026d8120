import stringWidth from "string-width";
import { visibleText } from "../../proxy/base/visible-text.ts";

/** Cells between two columns. */
const GAP = "  ";

/** A column of a table that has to fit. */
export type FittedColumn = {
  readonly head: string;
  /** Numbers stand at the right. */
  readonly align: "left" | "right";
  /** Which ones go first where there is no room: the highest, all at once. 0: it stays. */
  readonly drop: number;
  /** It takes the room that is left, and is cut where there is none. Exactly one does. */
  readonly flex?: boolean;
  /** Narrower than this the flexible one does not become while others can go. */
  readonly least?: number;
};

/** What one table shows: a row has a cell for each column. */
export type FittedTable = {
  readonly columns: readonly FittedColumn[];
  readonly rows: readonly (readonly string[])[];
};

/** The lines of a table, its head first, none of them wider than `width` cells. */
export function fittedTable({ columns, rows }: FittedTable, width: number): readonly string[] {
  const heads = columns.map(({ head }) => head);
  const all = [heads, ...rows].map((row) => row.map(oneLine));
  const widths = columns.map((_column, at) => widest(all.map((row) => row[at] ?? "")));
  const shown = fitting(columns, widths, width);
  const flexible = flexWidth(columns, widths, shown, width);
  return all.map((row) => {
    const cells = shown.map((at) => {
      const isFlexible = columns[at]?.flex === true;
      const cell = cut(row[at] ?? "", isFlexible ? flexible : width);
      return padded(cell, isFlexible ? flexible : (widths[at] ?? 0), columns[at]?.align);
    });
    return cut(cells.join(GAP).trimEnd(), width);
  });
}

/** The text, or as much of it as fits with an ellipsis behind it. */
export function cut(text: string, width: number): string {
  if (stringWidth(text) <= width) return text;
  let kept = "";
  for (const character of text) {
    if (stringWidth(kept + character) >= width) break;
    kept += character;
  }
  return width < 1 ? "" : `${kept}…`;
}

/** A cell stays one line, and commands no terminal. */
function oneLine(text: string): string {
  return visibleText(text).replaceAll("\n", "\\n").replaceAll("\t", " ");
}

/** The columns that fit, by their places; the others have gone one after the other. */
function fitting(
  columns: readonly FittedColumn[],
  widths: readonly number[],
  width: number,
): readonly number[] {
  let shown = columns.map((_column, at) => at);
  const drops = [...new Set(columns.map(({ drop }) => drop))].filter((drop) => drop > 0);
  for (const drop of drops.toSorted((a, b) => b - a)) {
    if (leastWidth(columns, widths, shown) <= width) break;
    shown = shown.filter((at) => columns[at]?.drop !== drop);
  }
  return shown;
}

function leastWidth(
  columns: readonly FittedColumn[],
  widths: readonly number[],
  shown: readonly number[],
): number {
  const cells = shown.map((at) => {
    const { flex, least = 0 } = columns[at] ?? {};
    const own = widths[at] ?? 0;
    return flex === true ? Math.min(own, least) : own;
  });
  return sum(cells) + GAP.length * Math.max(0, shown.length - 1);
}

function flexWidth(
  columns: readonly FittedColumn[],
  widths: readonly number[],
  shown: readonly number[],
  width: number,
): number {
  const others = shown.filter((at) => columns[at]?.flex !== true);
  const room = width - sum(others.map((at) => widths[at] ?? 0)) - GAP.length * others.length;
  const own = shown.find((at) => columns[at]?.flex === true);
  return Math.max(1, Math.min(room, own === undefined ? 0 : (widths[own] ?? 0)));
}

function padded(text: string, width: number, align: FittedColumn["align"] = "left"): string {
  const blanks = " ".repeat(Math.max(0, width - stringWidth(text)));
  return align === "left" ? text + blanks : blanks + text;
}

function widest(texts: readonly string[]): number {
  return Math.max(...texts.map((text) => stringWidth(text)));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, number) => all + number, 0);
}
