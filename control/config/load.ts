import { open } from "node:fs/promises";
import { isNode, LineCounter, parseDocument } from "yaml";
import type { Document, YAMLParseError, YAMLWarning } from "yaml";
import { ConfigError } from "../base/errors.ts";
import type { Problem } from "../base/errors.ts";
import { configSchema } from "./config-schema.ts";
import type { Config } from "./config-schema.ts";
import { expandEnvironment } from "./environment.ts";
import type { Environment } from "./environment.ts";
import { problemAt, readBy } from "./problems.ts";
import type { Place } from "./problems.ts";
import type { ServiceDocument } from "./service-schema.ts";
import { errorText } from "../../proxy/base/error-text.ts";

/** Largest configuration file: thousands of services fit. */
const FILE_BYTES_MAX = 8 * 1024 ** 2;

/** Nodes that aliases may add in all: enough to share settings, too few for a "billion laughs". */
const ALIASES_MAX = 100;

/** The quotation of lines that `yaml` adds to its messages could show a secret. */
const YAML_OPTIONS = { prettyErrors: false, uniqueKeys: true, version: "1.2" } as const;

/** Where a configuration comes from. */
export type ConfigSource = {
  /** For the text of errors. */
  readonly file: string;
  readonly environment: Environment;
};

/**
 * Reads a configuration file, YAML or JSON.
 * @throws ConfigError with every problem found.
 */
export async function loadConfig(file: string, environment: Environment): Promise<Config> {
  return readConfig(await readText(file), { file, environment });
}

/**
 * Reads the text of a configuration file.
 * @throws ConfigError with every problem found.
 */
export function readConfig(text: string, source: ConfigSource): Config {
  const lines = new LineCounter();
  const yaml = parseDocument(text, { ...YAML_OPTIONS, lineCounter: lines });
  const broken = [...yaml.errors, ...yaml.warnings];
  if (broken.length > 0) {
    throw new ConfigError(
      source.file,
      broken.map((each) => syntaxProblem(each, lines)),
    );
  }
  const place = placeIn(yaml, lines);
  const { document, flaws } = expandEnvironment(toPlain(yaml, source.file), source.environment);
  const unset = flaws.map((flaw) => problemAt(flaw, place));
  const read = readBy(configSchema, document, place);
  if (read.kind === "read" && unset.length === 0) {
    return { ...read.value, documents: documentsOf(document) };
  }
  const wrong = read.kind === "wrong" ? read.problems : [];
  // A text whose variable is missing is now empty, and would be reported twice.
  const others = wrong.filter(({ path }) => !unset.some((each) => each.path === path));
  throw new ConfigError(source.file, [...unset, ...others]);
}

async function readText(path: string): Promise<string> {
  try {
    await using file = await open(path, "r");
    const { size } = await file.stat();
    if (size <= FILE_BYTES_MAX) return await file.readFile("utf8");
    throw new Error(`${size} bytes`);
  } catch (error) {
    const found = errorText(error);
    const wanted = `a readable file of at most ${FILE_BYTES_MAX} bytes`;
    throw new ConfigError(path, [{ path: "", wanted, found }]);
  }
}

function syntaxProblem({ code, pos }: YAMLParseError | YAMLWarning, lines: LineCounter): Problem {
  const { line, col } = lines.linePos(pos[0]);
  const found = code.toLowerCase().replaceAll("_", " ");
  return { path: "", wanted: "YAML 1.2 or JSON", found, line, column: col };
}

function toPlain(yaml: Document.Parsed, file: string): unknown {
  try {
    return yaml.toJS({ maxAliasCount: ALIASES_MAX });
  } catch {
    const wanted = `aliases of earlier anchors that add at most ${ALIASES_MAX} nodes`;
    throw new ConfigError(file, [{ path: "", wanted, found: "others" }]);
  }
}

/**
 * Finds a path's place in the text, or that of the nearest thing around it if the path is not
 * there.
 */
function placeIn(yaml: Document.Parsed, lines: LineCounter): Place {
  return (path) => {
    for (let length = path.length; length >= 0; length -= 1) {
      const node: unknown = yaml.getIn(path.slice(0, length), true);
      if (isNode(node) && node.range) {
        const { line, col } = lines.linePos(node.range[0]);
        return { line, column: col };
      }
    }
    return undefined;
  };
}

function documentsOf(document: unknown): Readonly<Record<string, ServiceDocument>> {
  // The schema has just accepted them.
  return (document as { readonly services?: Record<string, ServiceDocument> }).services ?? {};
}
