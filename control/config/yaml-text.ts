import {
  isAlias,
  isCollection,
  isNode,
  isScalar,
  LineCounter,
  parseDocument,
  Scalar,
  visit,
} from "yaml";
import type { Document, Pair, YAMLError } from "yaml";
import { ConfigError } from "../base/errors.ts";
import type { Problem } from "../base/errors.ts";
import type { Place } from "./problems.ts";

/** Nodes that aliases may add in all: enough to share settings, too few for a "billion laughs". */
const ALIASES_MAX = 100;

/**
 * The quotation of lines that `yaml` adds to its messages could show a secret. `merge`: the key
 * `<<`, which YAML 1.2 no longer has and everybody uses.
 */
const YAML_OPTIONS = {
  prettyErrors: false,
  merge: true,
  version: "1.2",
  uniqueKeys: (a: unknown, b: unknown) => a === b || keyText(a) === keyText(b),
} as const;

/** A text of YAML 1.2 or JSON as plain data, and where in it a path stands. */
export type PlainText = { readonly document: unknown; readonly place: Place };

/**
 * Reads a text of YAML 1.2 or JSON. Keys keep their text, as in JSON: `1.10` is "1.10", and
 * `12e4567` is no number.
 * @throws ConfigError that names `file`.
 */
export function readYaml(text: string, file: string): PlainText {
  const lines = new LineCounter();
  const yaml = parseDocument(text, { ...YAML_OPTIONS, lineCounter: lines });
  const broken = [...yaml.errors, ...yaml.warnings].map((each) => syntaxProblem(each, lines));
  const problems = broken.length > 0 ? broken : keepKeyTexts(yaml, lines);
  if (problems.length > 0) throw new ConfigError(file, problems);
  return { document: toPlain(yaml, file), place: placeIn(yaml, lines) };
}

/** The text that a key is written with. undefined: it is no plain value. */
function keyText(key: unknown): string | undefined {
  return isScalar(key) ? (key.source ?? String(key.value)) : undefined;
}

/** Makes each key its own text. Returns those that have none. */
function keepKeyTexts(yaml: Document.Parsed, lines: LineCounter): Problem[] {
  const problems: Problem[] = [];
  visit(yaml, {
    Pair(_, pair) {
      const key = isAlias(pair.key) ? pair.key.resolve(yaml) : pair.key;
      if (isCollection(key)) problems.push(keyProblem(pair, lines));
      // Merge keys have a symbol of the library's own as their value.
      else if (isScalar(key) && typeof key.value !== "symbol") pair.key = new Scalar(keyText(key));
    },
  });
  return problems;
}

function keyProblem({ key }: Pair, lines: LineCounter): Problem {
  const [start] = (isNode(key) ? key.range : undefined) ?? [0];
  return { path: "", wanted: "a text as key", found: "a list or object", ...at(start, lines) };
}

function syntaxProblem({ code, pos }: YAMLError, lines: LineCounter): Problem {
  const found = code.toLowerCase().replaceAll("_", " ");
  return { path: "", wanted: "YAML 1.2 or JSON", found, ...at(pos[0], lines) };
}

function at(
  offset: number,
  lines: LineCounter,
): { readonly line: number; readonly column: number } {
  const { line, col } = lines.linePos(offset);
  return { line, column: col };
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
      if (isNode(node) && node.range) return at(node.range[0], lines);
    }
    return undefined;
  };
}
