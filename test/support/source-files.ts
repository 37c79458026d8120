import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** One text file of the project. */
export type SourceFile = {
  /** From the project's root, with `/`. */
  readonly path: string;
  readonly text: string;
  readonly lines: readonly string[];
};

/** Every file under `places` (files or folders, from the root) whose name ends with an `ending`. */
export function sourceFiles(
  places: readonly string[],
  endings: readonly string[] = [".ts"],
): readonly SourceFile[] {
  return places.flatMap(pathsOf).flatMap((path) => {
    if (!endings.some((ending) => path.endsWith(ending))) return [];
    const text = readFileSync(join(ROOT, path), "utf8");
    return [{ path, text, lines: text.split("\n") }];
  });
}

/** A place that is not there has no files. */
function pathsOf(place: string): readonly string[] {
  const stats = statSync(join(ROOT, place), { throwIfNoEntry: false });
  if (stats === undefined) return [];
  if (stats.isFile()) return [place];
  const names = readdirSync(join(ROOT, place), { recursive: true, encoding: "utf8" });
  return names.map((name) => join(place, name)).toSorted();
}

/** What a file imports: paths from the root, and names such as `node:net` or `undici`. */
export function importsOf({ path, text }: SourceFile): readonly string[] {
  const statements = text.matchAll(/^(?:import|export) [^;]*?from "([^"]+)"|import\("([^"]+)"\)/gm);
  return [...statements].map(([, fixed, dynamic]) => {
    const target = fixed ?? dynamic ?? "";
    return target.startsWith(".") ? normalize(join(dirname(path), target)) : target;
  });
}

/** Lines of each function and method that has a body of its own. Sources are formatted by oxfmt. */
export function functionSizes({ lines }: SourceFile): readonly number[] {
  const header =
    /^( *)(?:export )?(?:static )?(?:async )?(?:function\*? |get |set |(?!if|for|while|switch|catch|return|await|super)#?\w+(?:<[^(]*>)?\()/;
  return lines.flatMap((line, start) => {
    const [, indent] = header.exec(line) ?? [];
    if (indent === undefined || !opensBody(lines, start, indent)) return [];
    const end = lines.findIndex((each, at) => at > start && isClosing(each, indent));
    return end === -1 ? [] : [end - start + 1];
  });
}

/** Whether the signature that begins at `start` ends with a brace, there or some lines on. */
function opensBody(lines: readonly string[], start: number, indent: string): boolean {
  const first = lines[start] ?? "";
  if (first.endsWith("{") && !first.endsWith("({")) return /\)[^()]*\{$/.test(first);
  if (!/[({]$/.test(first)) return false;
  const end = lines.slice(start + 1).find((line) => !line.startsWith(`${indent} `));
  return end !== undefined && new RegExp(`^${indent}(\\)|\\}).*\\{$`).test(end);
}

function isClosing(line: string, indent: string): boolean {
  return line === `${indent}}`;
}

/** The value below which a share of `values` lies. 0 when there are none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
