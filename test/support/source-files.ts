import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** One text file of the project. */
export type SourceFile = {
  /** From the project's root, separated by `/`. */
  readonly path: string;
  readonly text: string;
  readonly lines: readonly string[];
};

/** Every file under `places` (files or folders, from the root) whose name ends with an `ending`. */
export function sourceFiles(
  places: readonly string[],
  endings: readonly string[] = [".ts", ".tsx"],
): readonly SourceFile[] {
  return places.flatMap(pathsOf).flatMap((path) => {
    if (!endings.some((ending) => path.endsWith(ending))) return [];
    const text = readFileSync(join(ROOT, path), "utf8");
    return [{ path, text, lines: text.split("\n") }];
  });
}

/** The text of one file, by its path from the root. */
export function readSource(path: string): string {
  return readFileSync(join(ROOT, path), "utf8");
}

/** A place that does not exist has no files. */
function pathsOf(place: string): readonly string[] {
  const stats = statSync(join(ROOT, place), { throwIfNoEntry: false });
  if (stats === undefined) return [];
  if (stats.isFile()) return [place];
  const inside = readdirSync(join(ROOT, place), { recursive: true, withFileTypes: true });
  return inside
    .filter((each) => !each.isDirectory())
    .map(({ parentPath, name }) => relative(ROOT, join(parentPath, name)))
    .toSorted();
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
  const name = String.raw`(?!if|for|while|switch|catch|return|await|super)#?\w+(?:<[^(]*>)?\(`;
  const header = new RegExp(
    String.raw`^( *)(?:export )?(?:static )?(?:async )?(?:function\*? |get |set |${name})`,
  );
  return lines.flatMap((line, start) => {
    const [, indent] = header.exec(line) ?? [];
    if (indent === undefined || !opensBody(lines, start, indent)) return [];
    const end = lines.findIndex((each, at) => at > start && isClosing(each, indent));
    return end === -1 ? [] : [end - start + 1];
  });
}

/** Whether the signature that begins at `start` ends with a brace, there or some lines later. */
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

/** The value below which a `share` of the values lies. 0 when there are none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

/** Lines of each class, from its header to its closing brace, as `path: Name`. */
export function classSizes({ path, lines }: SourceFile): ReadonlyMap<string, number> {
  const sizes = new Map<string, number>();
  lines.forEach((line, start) => {
    const [, indent = "", name] =
      /^( *)(?:export )?(?:abstract )?class (\w+)[^;]*$/.exec(line) ?? [];
    if (name === undefined) return;
    const end = lines.findIndex((each, at) => at > start && isClosing(each, indent));
    sizes.set(`${path}: ${name}`, end - start + 1);
  });
  return sizes;
}

/** Names that a file exports. */
export function exportsOf({ lines }: SourceFile): readonly string[] {
  const symbol =
    /^export (?:abstract )?(?:async )?(?:class|function\*?|const|let|type|interface|enum) (\w+)/;
  return lines.flatMap((line) => symbol.exec(line)?.[1] ?? []);
}

/**
 * Files that import each other in a circle, types counted: Tarjan's strongly connected components
 * of more than one file.
 */
export function circlesOf(files: readonly SourceFile[]): readonly (readonly string[])[] {
  const imports = new Map(files.map((file) => [file.path, importsOf(file)]));
  const order = new Map<string, { index: number; low: number; open: boolean }>();
  const stack: string[] = [];
  const circles: string[][] = [];
  const visit = (path: string): { index: number; low: number; open: boolean } => {
    const place = { index: order.size, low: order.size, open: true };
    order.set(path, place);
    stack.push(path);
    for (const target of imports.get(path) ?? []) {
      if (!imports.has(target)) continue;
      const seen = order.get(target);
      if (seen === undefined) place.low = Math.min(place.low, visit(target).low);
      else if (seen.open) place.low = Math.min(place.low, seen.index);
    }
    if (place.low === place.index) {
      const circle = stack.splice(stack.indexOf(path));
      for (const member of circle) order.set(member, { ...place, open: false });
      if (circle.length > 1) circles.push(circle.toSorted());
    }
    return order.get(path) ?? place;
  };
  for (const { path } of files) if (!order.has(path)) visit(path);
  return circles;
}
