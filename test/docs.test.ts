/**
 * Goal: the documents are true. Method: their examples are read by the configuration's own reader
 * and run against a real sidecar; the names in their tables are compared with those in the code,
 * both ways.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { runCli } from "../control/cli/program.ts";
import { configSchema } from "../control/config/config-schema.ts";
import { readConfig } from "../control/config/load.ts";
import { WARNING_CODES } from "../control/table/warnings.ts";
import { PROBLEM_CODES } from "../control/views/problems-view.ts";
import { REFUSALS } from "../proxy/http1/refusal.ts";
import { HTTP2_REASONS } from "../proxy/http2/reasons.ts";
import { TOLERANCES } from "../proxy/table/tolerance.ts";
import { anchorsOf, blocksOf, codesIn, pages, proseOf, rowsOf } from "./support/documents.ts";
import type { Row } from "./support/documents.ts";
import { isAsWanted, PageStage, stepsOf } from "./support/documented-commands.ts";
import { startApi } from "./support/running-api.ts";
import { sourceFiles } from "./support/source-files.ts";
import type { SourceFile } from "./support/source-files.ts";

const PAGES = pages();
const CONTROL = sourceFiles(["control"]);
const HAS_CURL = spawnSync("curl", ["--version"]).status === 0;

/** The page, by its path from the root. */
function page(path: string): SourceFile {
  const found = PAGES.find((each) => each.path === path);
  if (found === undefined) throw new Error(`Cannot find ${path}`);
  return found;
}

/** Everything in backticks in the first cells of rows. */
function firstCodes(rows: readonly Row[]): readonly string[] {
  return rows.flatMap(({ cells }) => codesIn(cells[0] ?? "")).toSorted();
}

function rowsWithHead(path: string, caption: RegExp): readonly Row[] {
  return rowsOf(page(path)).filter((row) => caption.test(row.caption));
}

/** The groups of every match in the sources. */
function scan(sources: readonly SourceFile[], pattern: RegExp): readonly string[] {
  return sources.flatMap(({ text }) => scanText(text, pattern));
}

/** The groups of every match in a text. */
function scanText(text: string, pattern: RegExp): readonly string[] {
  const matches = [...text.matchAll(pattern)];
  return matches.flatMap((match) => match.slice(1)).filter((each) => each !== undefined);
}

function sorted(names: Iterable<string>): readonly string[] {
  return [...new Set(names)].toSorted();
}

function readExample(text: string): ReturnType<typeof readConfig> {
  const isWhole = /^listeners:/m.test(text);
  const whole = isWhole ? text : `listeners: [{ bind: "127.0.0.1:8080" }]\n${text}`;
  return readConfig(whole, { file: "example", environment: {} });
}

describe("Examples", () => {
  const configs = PAGES.flatMap((each) =>
    blocksOf(each)
      .filter(({ tags }) => tags.includes("sluice-check"))
      .map((block) => ({ path: each.path, block })),
  );

  test.each(configs)("of $path can be read", ({ block }) => {
    expect(() => readExample(block.text)).not.toThrow();
  });

  test("of the defaults mean what the shortest file means", () => {
    const [minimal, defaults] = ["minimal", "defaults"].map((tag) => {
      const found = configs.find(({ block }) => block.tags.includes(tag));
      const { documents: _documents, ...config } = readExample(found?.block.text ?? "");
      return config;
    });
    expect(defaults).toEqual(minimal);
  });

  const staged = PAGES.filter((each) => blocksOf(each).some(({ tags }) => tags.includes("run")));

  // One after the other: each has processes enough of its own.
  test.for(staged)("of $path print what it says", async (each, { skip }) => {
    skip(!HAS_CURL, "the examples need curl");
    const config = blocksOf(each).find(({ tags }) => tags.includes("sidecar"));
    if (config === undefined) throw new Error(`Cannot run ${each.path}: no config tagged sidecar`);
    await using stage = await PageStage.start(config);
    for (const block of blocksOf(each).filter(({ tags }) => tags.includes("run"))) {
      for (const { command, wanted } of stepsOf(block)) {
        const output = await stage.run(command);
        // Where it is not, the difference is shown.
        const shown = isAsWanted(output, wanted) ? wanted : output;
        expect(`${command}\n${shown}`).toBe(`${command}\n${wanted}`);
      }
    }
  });
});

/** Longest line of a page: two fit side by side in a review. */
const COLUMNS_MAX = 120;

test("Lines of pages keep within 120 columns, where Markdown lets them be broken", () => {
  const long = PAGES.flatMap((each) =>
    proseOf(each)
      .split("\n")
      // Markdown wants a row of a table, a heading and a lone link on one line.
      .filter((line) => line.length > COLUMNS_MAX && !/^(?:\||#|!?\[[^\]]*\]\([^)]*\)$)/.test(line))
      .map((line) => `${each.path}: ${line}`),
  );
  expect(long).toEqual([]);
});

describe("Links", () => {
  test("lead to a page that is there, and to a heading that it has", () => {
    const broken = PAGES.flatMap((from) =>
      [...proseOf(from).matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)/g)].flatMap(
        ([, target = "", anchor]) => {
          const path = target === "" ? from.path : normalize(join(dirname(from.path), target));
          const to = PAGES.find((each) => each.path === path);
          const isFound = anchor === undefined ? existsSync(path) : to && anchorsOf(to).has(anchor);
          return isFound === true ? [] : [`${from.path}: ${target}#${anchor ?? ""}`];
        },
      ),
    );
    expect(broken).toEqual([]);
  });

  test("name files of the project that are there", () => {
    const names = /^(?:proxy|control|bench|test|docs)\/[\w./-]+\.(?:ts|md)$/;
    const missing = PAGES.flatMap(({ path, text }) =>
      codesIn(text)
        .filter((code) => names.test(code) && !existsSync(code))
        .map((code) => `${path}: ${code}`),
    );
    expect(missing).toEqual([]);
  });
});

/** Paths of all keys of the configuration, and those of them that have no keys of their own. */
function configKeys(): { readonly all: readonly string[]; readonly leaves: readonly string[] } {
  const all = new Set<string>();
  const visit = (schema: unknown, path: string): void => {
    const {
      anyOf = [],
      oneOf = [],
      items,
      properties = {},
      additionalProperties,
    } = schema as {
      readonly anyOf?: readonly unknown[];
      readonly oneOf?: readonly unknown[];
      readonly items?: unknown;
      readonly properties?: Readonly<Record<string, { readonly not?: unknown }>>;
      readonly additionalProperties?: unknown;
    };
    for (const option of [...anyOf, ...oneOf]) visit(option, path);
    if (items !== undefined) visit(items, `${path}[]`);
    for (const [key, inner] of Object.entries(properties)) {
      if (inner.not !== undefined) continue;
      const here = path === "" ? key : `${path}.${key}`;
      all.add(here);
      visit(inner, here);
    }
    if (additionalProperties instanceof Object) visit(additionalProperties, `${path}.NAME`);
  };
  visit(z.toJSONSchema(configSchema, { io: "input", unrepresentable: "any" }), "");
  const hasInner = (key: string): boolean =>
    [...all].some((other) => other.startsWith(`${key}.`) || other.startsWith(`${key}[`));
  return { all: [...all], leaves: [...all].filter((key) => !hasInner(key)) };
}

/** Options that every program has. */
const COMMON = new Set(["--help", "--version"]);

async function helpOf(command: string): Promise<string> {
  const lines: string[] = [];
  const output = { out: (line: string) => lines.push(line), error: () => undefined };
  const args = [...command.split(" "), "--help"].filter((word) => word !== "");
  await runCli(args, { output, env: {}, version: "" });
  return lines.join("\n");
}

/** All commands, as the program's help lists them: `filters replace` too. */
async function allCommands(): Promise<readonly string[]> {
  const [, list = ""] = (await helpOf("")).split("\nCommands:\n");
  const [commands = ""] = list.split("\n\n");
  return scanText(commands, /^ {2}(\w+(?: \w+)?)/gm).filter((name) => name !== "help");
}

describe("Names", () => {
  test("of configuration keys are those of the schema, and all of them", () => {
    const rows = rowsWithHead("docs/configuration.md", /^Keys of /);
    const documented = rows.flatMap((row) => {
      const prefix = codesIn(row.caption)[0];
      return firstCodes([row]).map((key) => (prefix === undefined ? key : `${prefix}.${key}`));
    });
    const { all, leaves } = configKeys();
    expect(sorted(documented).filter((key) => !all.includes(key))).toEqual([]);
    expect(leaves.filter((key) => !documented.includes(key))).toEqual([]);
  });

  test("of error codes are those that the API can answer with", () => {
    const documented = rowsWithHead("docs/control-api.md", /^`application\/problem\+json`/);
    const inCode = [
      ...scan(CONTROL, /(?:super|new (?:Control|Consul|Store)Error)\(\s*"([a-z_]+)"/g),
      ...scan(CONTROL, /^ {2}\| "([a-z_]+)"/gm).filter((code) => /^(store|consul)_/.test(code)),
      ...scan(CONTROL, /FST_ERR_\w+: \{\s*code: "(\w+)"/g),
      ...scan(CONTROL, /return blank\([^,]+, "(\w+)"/g),
    ];
    expect(firstCodes(documented)).toEqual(sorted(inCode));
  });

  test("of warnings are those that a write can have", () => {
    const rows = rowsWithHead("docs/control-api.md", /^The answer to every write/);
    expect(firstCodes(rows)).toEqual(sorted(WARNING_CODES));
  });

  test("of problems are those that readyz can tell", () => {
    const rows = rowsWithHead("docs/control-api.md", /^`GET \/readyz` is 503/);
    expect(firstCodes(rows)).toEqual(sorted(PROBLEM_CODES));
  });

  test("of error codes are those of the command line", () => {
    const documented = rowsWithHead("docs/cli.md", /^Errors go to stderr/);
    const inCode = scan(CONTROL, /new CliError\(\s*"([a-z_]+)"/g);
    expect(firstCodes(documented)).toEqual(sorted(inCode).filter((code) => code !== "internal"));
  });

  test("of events are those that are told", () => {
    const union = sourceFiles(["control/records/sluice-event.ts"]);
    const inCode = new Set(scan(union, /readonly kind: "([a-z-]+)"/g));
    const documented = rowsWithHead("docs/events.md", /^Every event has/);
    expect(firstCodes(documented)).toEqual(sorted(inCode));
  });

  test("of how traffic goes are those that are told", () => {
    const [types] = sourceFiles(["control/views/traffic-stats.ts"]).map(({ text }) => text);
    const told = types?.slice(0, types.indexOf("TrafficSample")) ?? "";
    const documented = rowsWithHead("docs/events.md", /^Of each service and each version/);
    expect(firstCodes(documented)).toEqual(sorted(scanText(told, /^ {2}readonly (\w+)\??:/gm)));
  });

  test("of reasons to refuse a message are those of the parser, with their status", () => {
    const rows = rowsOf(page("docs/http.md")).filter(({ cells }) => /^\d{3}$/.test(cells[1] ?? ""));
    const documented = rows.flatMap(({ cells }) =>
      codesIn(cells[0] ?? "").map((reason) => `${reason} ${cells[1]}`),
    );
    const ofRequests = Object.values(REFUSALS)
      .filter(({ status }) => status !== 502)
      .map(({ reason, status }) => `${reason} ${status}`);
    expect(documented.filter((each) => each.includes("-")).toSorted()).toEqual(sorted(ofRequests));
  });

  test("of reasons by which HTTP/2 ends are those of the codec", () => {
    const rows = rowsWithHead("docs/protocols.md", /^Whoever breaks a rule/);
    expect(firstCodes(rows)).toEqual(sorted(HTTP2_REASONS));
  });

  test("of tolerances are those of the configuration", () => {
    const rows = rowsWithHead("docs/http.md", /^Some clients and endpoints break rules/);
    expect(firstCodes(rows)).toEqual(sorted(TOLERANCES));
  });

  test("of error types in Proxy-Status are those that we send", () => {
    const rows = rowsWithHead("docs/http.md", /^## Answers of our own/);
    const respond = sourceFiles(["proxy/exchange/respond.ts"]);
    const inCode = scan(respond, /proxyStatus: "(\w+)"/g);
    expect(firstCodes(rows)).toEqual(sorted([...inCode, "http_request_error"]));
  });

  test("of metrics are those that are served", () => {
    const inCode = new Set(scan(sourceFiles(["control/views"]), /"(sluice_\w+)"/g));
    const unknown = PAGES.flatMap(({ path, text }) =>
      [...text.matchAll(/\bsluice_\w+/g)]
        // Tokens begin like that, too.
        .filter(([name]) => !/^sluice_[\w-]{43}$/.test(name))
        .map(([name]) => name.replace(/_(?:bucket|sum|count)$/, ""))
        .filter((name) => !inCode.has(name))
        .map((name) => `${path}: ${name}`),
    );
    expect(unknown).toEqual([]);
  });

  test("of calls are those of the control API", async () => {
    await using api = await startApi();
    const answer = await fetch(`${api.url}/v1/openapi.json`);
    const { paths } = (await answer.json()) as {
      readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
    };
    const served = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const documented = firstCodes(rowsWithHead("docs/control-api.md", /^HTTP with JSON/));
    expect(documented).toEqual(sorted(served.filter((call) => !call.startsWith("HEAD "))));
  });

  test("of roles are those that the calls take", async () => {
    await using api = await startApi();
    const answer = await fetch(`${api.url}/v1/openapi.json`);
    const { paths } = (await answer.json()) as {
      readonly paths: Readonly<
        Record<string, Readonly<Record<string, { readonly "x-sluice-role": string }>>>
      >;
    };
    const served = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods)
        .filter(([method]) => method !== "head")
        .map(([method, each]) => `${method.toUpperCase()} ${path}: ${each["x-sluice-role"]}`),
    );
    const rows = rowsWithHead("docs/control-api.md", /^HTTP with JSON/);
    const documented = rows.flatMap(({ cells: [calls = "", roles = ""] }) => {
      const each = roles.split(" · ");
      return codesIn(calls).map((call, index) => `${call}: ${each[index] ?? each[0]}`);
    });
    expect(documented.toSorted()).toEqual(served.toSorted());
  });

  test("of commands and options are those of the program", async () => {
    const { text } = page("docs/cli.md");
    const missing: string[] = [];
    for (const command of await allCommands()) {
      const options = scanText(await helpOf(command), /^ {2}.*?(--[\w-]+)/gm);
      const names = [`\`sluice ${command}`, ...options.filter((name) => !COMMON.has(name))];
      missing.push(...names.filter((name) => !text.includes(name)));
    }
    expect(missing).toEqual([]);
  });

  test("of packages are those of package.json", async () => {
    const [manifest] = sourceFiles(["package.json"], [".json"]);
    const { dependencies, devDependencies, optionalDependencies } = JSON.parse(
      manifest?.text ?? "",
    ) as Record<string, Readonly<Record<string, string>>>;
    const all = { ...dependencies, ...devDependencies, ...optionalDependencies };
    expect(firstCodes(rowsOf(page("docs/dependencies.md")))).toEqual(sorted(Object.keys(all)));
  });
});
