import { describe, expect, test } from "vitest";
import { readRooms, rowsThatRunUp, trespasses, unusedPermissions } from "./support/rooms.ts";
import {
  circlesOf,
  classSizes,
  exportsOf,
  functionSizes,
  importsOf,
  quantile,
  readSource,
  sourceFiles,
} from "./support/source-files.ts";
import type { SourceFile } from "./support/source-files.ts";
import { TESTED_ELSEWHERE } from "./support/tested-elsewhere.ts";

/*
 * Goal: the rules of the house that the linter cannot see. Method: sources are read as text, as
 * they are formatted by oxfmt. Each failure names the files and lines.
 */

const SOURCES = sourceFiles(["proxy", "control"]);
const BENCH = sourceFiles(["bench"]);
const TESTS = sourceFiles(["test"]);
const CODE = [...SOURCES, ...BENCH, ...TESTS];
const TEXTS = [
  ...CODE,
  ...sourceFiles(
    [
      "docs",
      "examples",
      "demo",
      ".ci",
      "package.json",
      "Dockerfile",
      "vitest.config.ts",
      "knip.json",
    ],
    ["", ".md"],
  ).filter(({ path }) => !path.endsWith(".png")),
  ...sourceFiles(["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"], [".md"]),
];
/** This file names what it forbids. */
const SELF = "test/tidy.test.ts";

/** Lines of files that match, as `path:line: text`. */
function linesMatching(files: readonly SourceFile[], pattern: RegExp): readonly string[] {
  return files
    .filter(({ path }) => path !== SELF)
    .flatMap(({ path, lines }) =>
      lines.flatMap((line, index) =>
        pattern.test(line) ? [`${path}:${index + 1}: ${line.trim()}`] : [],
      ),
    );
}

/** Exported symbols that no docstring stands before, or before the group that they are in. */
function undocumented({ path, lines }: SourceFile): readonly string[] {
  const symbol =
    /^export (?:abstract )?(?:async )?(?:class|function\*?|const|let|type|interface) (\w+)/;
  return lines.flatMap((line, index) => {
    const [, name] = symbol.exec(line) ?? [];
    if (name === undefined) return [];
    // Constants and types of one line each, without an empty line between them, are a group.
    let first = index;
    while (/^(?:export )?(?:const|type) .*;$/.test(lines[first - 1] ?? "")) first -= 1;
    const isGroup = first < index && lines[first - 1] === "";
    const before = lines[isGroup ? first - 2 : first - 1] ?? "";
    return before.endsWith("*/") ? [] : [`${path}:${index + 1}: ${name}`];
  });
}

/** Sources with code that neither have a test of their own name nor stand in TESTED_ELSEWHERE. */
function untested(): readonly string[] {
  return SOURCES.filter(hasCode)
    .map(({ path }) => path)
    .filter((path) => !hasOwnTest(path) && !Object.hasOwn(TESTED_ELSEWHERE, path));
}

const TEST_PATHS = new Set(TESTS.map(({ path }) => path));

function hasOwnTest(path: string): boolean {
  return TEST_PATHS.has(`test/${path.replace(/\.tsx?$/, ".test.ts")}`);
}

/** What stands in TESTED_ELSEWHERE wrongly: the source, or its test, is not there or not needed. */
function wrongExemptions(): readonly string[] {
  const sources = new Map(SOURCES.map((file) => [file.path, file]));
  return Object.entries(TESTED_ELSEWHERE).flatMap(([path, [other]]) => {
    const source = sources.get(path);
    const isNeeded = source !== undefined && hasCode(source) && !hasOwnTest(path);
    return isNeeded && TEST_PATHS.has(other) ? [] : [path];
  });
}

/** Whether a file has anything that runs. */
function hasCode({ lines }: SourceFile): boolean {
  const begins = /^(?:export )?(?:async )?(?:abstract )?(?:class|function\*?|const) /;
  return lines.some((line) => begins.test(line));
}

const ROOMS = readRooms(readSource("ARCHITECTURE.md"));

/** Where the product starts. */
const ENTRIES = [
  "control/cli/main.ts",
  "control/cli/demo/keeper.ts",
  "control/cli/demo/shop.ts",
  "control/page/main.tsx",
  "control/page/rolldown.config.ts",
  "control/packaging/build-deb.ts",
  "proxy/worker.ts",
];

/** Sources that no entry reaches yet, with what will. */
const WAITING: Readonly<Record<string, string>> = {};

/** Sources that the product does not reach. */
function unreached(): readonly string[] {
  const byPath = new Map(SOURCES.map((file) => [file.path, file]));
  const reached = new Set<string>();
  const visit = (path: string): void => {
    const file = byPath.get(path);
    if (file === undefined || reached.has(path)) return;
    reached.add(path);
    importsOf(file).forEach(visit);
  };
  [...ENTRIES, ...Object.keys(WAITING)].forEach(visit);
  return SOURCES.map(({ path }) => path).filter((path) => !reached.has(path));
}

/** Names that two files export. */
function sharedNames(): readonly string[] {
  const byName = Map.groupBy(
    SOURCES.flatMap((file) => exportsOf(file).map((name) => ({ name, path: file.path }))),
    ({ name }) => name,
  );
  return [...byName].flatMap(([name, places]) =>
    places.length === 1 ? [] : `${name}: ${places.map(({ path }) => path).join(", ")}`,
  );
}

/** `217, median 82 lines, p90 195`: how many, and how long. */
function sizesText(sizes: readonly number[]): string {
  return `${sizes.length}, median ${quantile(sizes, 0.5)} lines, p90 ${quantile(sizes, 0.9)}`;
}

describe("Sources", () => {
  test("explain each symbol that they export", () => {
    expect([...SOURCES, ...BENCH].flatMap(undocumented)).toEqual([]);
  });

  test("have a test of their own name, or a reason to be tested by another", () => {
    expect(untested()).toEqual([]);
    expect(wrongExemptions()).toEqual([]);
  });

  test("import only what the row of their room in ARCHITECTURE.md names", () => {
    expect(SOURCES.flatMap((file) => trespasses(file, ROOMS))).toEqual([]);
    expect(unusedPermissions(ROOMS, SOURCES)).toEqual([]);
    expect(rowsThatRunUp(ROOMS)).toEqual([]);
  });

  test("import each other in no circle, types counted", () => {
    expect(circlesOf(SOURCES)).toEqual([]);
  });

  test("are all reached from where the product starts", () => {
    expect(unreached()).toEqual([]);
    const reachedAlready = Object.keys(WAITING).filter((path) =>
      SOURCES.some((file) => importsOf(file).includes(path)),
    );
    expect(reachedAlready).toEqual([]);
  });

  test("export each name once", () => {
    expect(sharedNames()).toEqual([]);
  });

  test("have classes of at most 200 lines", () => {
    const large = SOURCES.flatMap((file) => [...classSizes(file)]).filter(([, size]) => size > 200);
    expect(large).toEqual([]);
  });

  // Events are for people and scripts: what must follow from a change is called by who makes it.
  test("listen to no events but to tell others of them", () => {
    const listeners = linesMatching(SOURCES, /\bsubscribe\((?!listener)/);
    expect(listeners.map((line) => line.replace(/:.*/, ""))).toEqual([
      "control/api/event-streams.ts",
    ]);
  });

  test("assert nothing about their fields that the compiler cannot see", () => {
    expect(linesMatching(SOURCES, /^ +(?:readonly |static )*#?\w+!:/)).toEqual([]);
  });

  // oxfmt sees to it, except where it cannot break a text: the name of a test, a message.
  test("keep within 100 columns", () => {
    expect(linesMatching(CODE, /^.{101,}$/)).toEqual([]);
  });

  test("name no place of one machine or one registry, and leave nothing to do", () => {
    expect(linesMatching(TEXTS, /(?<![\w.}])\/(?:work|root|home|tmp)\/[\w.-]/)).toEqual([]);
    expect(linesMatching(TEXTS, /registry\.[\w-]+\.\w|artifactory|npmjs\.|verdaccio/i)).toEqual([]);
    expect(linesMatching(TEXTS, /\b(?:TODO|FIXME|XXX|HACK)\b/)).toEqual([]);
  });

  test("are small; here is how small", () => {
    for (const [name, files] of Object.entries({ sources: SOURCES, bench: BENCH, tests: TESTS })) {
      const lines = files.map((file) => file.lines.length - 1);
      const functions = files.flatMap(functionSizes);
      process.stdout.write(
        `${name}: files ${sizesText(lines)}; functions ${sizesText(functions)}\n`,
      );
    }
    expect(quantile(SOURCES.flatMap(functionSizes), 0.5)).toBeLessThan(10);
    expect(
      quantile(
        SOURCES.map((file) => file.lines.length - 1),
        0.5,
      ),
    ).toBeLessThanOrEqual(120);
  });
});

describe("Tests", () => {
  test("are all run, on the real modules", () => {
    expect(linesMatching(TESTS, /\bvi\.(?:mock|doMock|hoisted)\b/)).toEqual([]);
    expect(linesMatching(TESTS, /\b(?:test|it|describe)(?:\.\w+)*\.(?:only|todo|fails)\b/)).toEqual(
      [],
    );
    // skipIf and the context's skip(reason) say why.
    expect(linesMatching(TESTS, /\b(?:test|it|describe)\.skip\(/)).toEqual([]);
  });
});
