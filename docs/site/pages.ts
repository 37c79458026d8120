/** Which documents there are, where their pages go, and what they are called. */
import { readFileSync } from "node:fs";
import { dirname, relative } from "node:path";

/** Whether a link stays within the site. */
export function isWithin(href: string): boolean {
  return !/^[a-z]+:/.test(href);
}

/** The page of a document: `docs/tls.md` is `docs/tls.html`, README.md the first page. */
export function pageOf(path: string): string {
  return path === "README.md" ? "index.html" : path.replace(/\.md$/, ".html");
}

/** From a document's page up to the first one: `../` or nothing. */
export function homeOf(path: string): string {
  const up = relative(dirname(path), ".");
  return up === "" ? "" : `${up}/`;
}

/** A heading's anchor, as GitHub makes it. */
export function slug(heading: string): string {
  return heading
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1")
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
    .replaceAll(" ", "-");
}

/** What a document calls itself, in its first heading. */
export function titleOf(path: string): string {
  const [, title = path] = /^# (.*)$/m.exec(readFileSync(path, "utf8")) ?? [];
  return title.replaceAll("`", "");
}

/** Documents for one purpose. */
export type Section = { readonly name: string; readonly pages: readonly string[] };

/** The documents in the order of README's table, under what one reads them for. */
export function sections(): readonly Section[] {
  const [, table = ""] = readFileSync("README.md", "utf8").split("\n## Documents\n");
  const rows = table.matchAll(/^\| (?!to \|)([^|-][^|]*) \| (.*) \|$/gm);
  return [...rows].map(([, name = "", cell = ""]) => ({
    name,
    pages: [...new Set([...cell.matchAll(/\]\(([\w./-]+\.md)/g)].map(([, path = ""]) => path))],
  }));
}
