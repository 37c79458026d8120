import { sourceFiles } from "./source-files.ts";
import type { SourceFile } from "./source-files.ts";

/** A fenced block of a page: ```yaml sluice-check has the language yaml and that one tag. */
export type Block = {
  readonly language: string;
  readonly tags: readonly string[];
  readonly text: string;
};

/** A row of a table: its cells, and the paragraph or heading above the table. */
export type Row = { readonly cells: readonly string[]; readonly caption: string };

/** Every page that people read. */
export function pages(): readonly SourceFile[] {
  const places = [
    "README.md",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    ".github",
    "docs",
    "examples",
  ];
  return sourceFiles(places, [".md"]);
}

/** The fenced blocks of a page. */
export function blocksOf({ text }: SourceFile): readonly Block[] {
  return [...text.matchAll(/^```(\w+)(.*)\n([^]*?)^```$/gm)].map(
    ([, language = "", tags, body]) => ({
      language,
      tags: (tags ?? "").split(" ").filter((tag) => tag !== ""),
      text: body ?? "",
    }),
  );
}

/** A page without its fenced blocks. */
export function proseOf({ text }: SourceFile): string {
  return text.replaceAll(/^```[^]*?^```$/gm, "");
}

/** The rows of all tables, without their heads. */
export function rowsOf(page: SourceFile): readonly Row[] {
  const rows: Row[] = [];
  let caption = "";
  let inTable = false;
  let before = "";
  for (const line of proseOf(page).split("\n")) {
    if (line.startsWith("|")) {
      const cells = line.slice(1, -1).split("|");
      if (inTable) rows.push({ cells: cells.map((cell) => cell.trim()), caption });
      inTable ||= /^\|(?:-+\|)+$/.test(line);
    } else {
      inTable = false;
      const goesOn = before !== "" && !before.startsWith("|");
      if (line !== "") caption = goesOn ? `${caption} ${line}` : line;
    }
    before = line;
  }
  return rows;
}

/** What stands between backticks. */
export function codesIn(text: string): readonly string[] {
  return [...text.matchAll(/`([^`\n]+)`/g)].map(([, code]) => code ?? "");
}

/** The anchors of a page's headings, as GitHub makes them. */
export function anchorsOf(page: SourceFile): ReadonlySet<string> {
  const headings = proseOf(page).matchAll(/^#+ (.*)$/gm);
  return new Set(
    [...headings].map(([, heading = ""]) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
        .replaceAll(" ", "-"),
    ),
  );
}
