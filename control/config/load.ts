import { open } from "node:fs/promises";
import { ConfigError } from "../base/errors.ts";
import { isRecord, recordOf } from "../base/record-of.ts";
import { withConsulEnvironment } from "./consul-environment.ts";
import { configSchema } from "./config-schema.ts";
import type { Config } from "./config-schema.ts";
import { expandEnvironment } from "./environment.ts";
import type { Environment, Expanded } from "./environment.ts";
import { obstaclesIn, problemAt, readBy } from "./problems.ts";
import type { ServiceDocument } from "./service-schema.ts";
import { FILE_LIMITS } from "./survey.ts";
import { readYaml } from "./yaml-text.ts";
import { errorText } from "../../proxy/base/error-text.ts";

/** Largest configuration file: thousands of services fit. */
const FILE_BYTES_MAX = 8 * 1024 ** 2;

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
  const { document: written, place } = readYaml(text, source.file);
  const obstacles = obstaclesIn(written, { place, limits: FILE_LIMITS });
  if (obstacles.length > 0) throw new ConfigError(source.file, obstacles);
  const own = withoutExtensions(written);
  const expanded = expandEnvironment(own, source.environment);
  const { document, flaws } = withConsul(expanded, source.environment);
  const { lone } = expanded;
  const unset = flaws.map((flaw) => problemAt(flaw, place));
  const read = readBy(configSchema, document, { place, written: own, lone, limits: FILE_LIMITS });
  if (read.kind === "read" && unset.length === 0) {
    return { ...read.value, documents: documentsOf(own) };
  }
  const wrong = read.kind === "wrong" ? read.problems : [];
  // A text whose variable is missing is now empty, and would be reported twice.
  const others = wrong.filter(({ path }) => !unset.some((each) => each.path === path));
  throw new ConfigError(source.file, [...unset, ...others]);
}

/** The keys that a file of YAML or JSON holds, whatever they are. @throws ConfigError */
export async function readPlainFile(file: string): Promise<Readonly<Record<string, unknown>>> {
  const { document } = readYaml(await readText(file), file);
  if (isRecord(document)) return document;
  throw new ConfigError(file, [{ path: "", wanted: "an object", found: "something else" }]);
}

/**
 * The services of a file as they are written there, `${…}` included: a configuration file, or one
 * that holds nothing but services by name. What they hold is not looked at.
 * @throws ConfigError
 */
export async function readServices(file: string): Promise<Readonly<Record<string, unknown>>> {
  const { document, place } = readYaml(await readText(file), file);
  const obstacles = obstaclesIn(document, { place, limits: FILE_LIMITS });
  if (obstacles.length > 0) throw new ConfigError(file, obstacles);
  const whole = withoutExtensions(document);
  const inner = isRecord(whole) ? whole["services"] : undefined;
  const services = isRecord(inner) && !isService(inner) ? inner : whole;
  if (!isRecord(services)) {
    throw new ConfigError(file, [{ path: "", wanted: "services by name", found: "none" }]);
  }
  const others = Object.keys(services).filter((name) => !isService(services[name]));
  if (others.length === 0) return services;
  const flaw = { wanted: "a service, which has `versions`", found: "something else" };
  throw new ConfigError(
    file,
    others.map((name) => problemAt({ path: [name], ...flaw }, place)),
  );
}

function isService(value: unknown): boolean {
  return isRecord(value) && Object.hasOwn(value, "versions");
}

/** Only where the file has `consul:`: the variables alone do not make Sluice use Consul. */
function withConsul(
  { document, flaws }: Pick<Expanded, "document" | "flaws">,
  environment: Environment,
): Pick<Expanded, "document" | "flaws"> {
  if (!isRecord(document) || !isRecord(document["consul"])) return { document, flaws };
  const filled = withConsulEnvironment(document["consul"], environment);
  return { document: { ...document, consul: filled.consul }, flaws: [...flaws, ...filled.flaws] };
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

/** Leaves out `x-…` at the top, where people keep what their anchors name (as in Compose). */
function withoutExtensions(written: unknown): unknown {
  if (typeof written !== "object" || written === null || Array.isArray(written)) return written;
  return Object.fromEntries(Object.entries(written).filter(([key]) => !key.startsWith("x-")));
}

function documentsOf(document: unknown): Readonly<Record<string, ServiceDocument>> {
  // The schema has just accepted them.
  const { services = {} } = document as { readonly services?: Record<string, ServiceDocument> };
  return recordOf(Object.entries(services));
}
