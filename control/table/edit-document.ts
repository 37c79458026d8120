import { z } from "zod";
import { WEIGHT_MAX } from "../../proxy/table/snapshot.ts";
import type { State } from "../../proxy/table/snapshot.ts";
import { canonicalEndpoint } from "../config/address.ts";
import { readBy } from "../config/problems.ts";
import { whole } from "../config/schema-parts.ts";
import { WEIGHT_SUM_WANTED } from "../config/service-checks.ts";
import type { ServiceDocument } from "../config/service-schema.ts";
import type { DesiredService } from "./desired-table.ts";
import { UnknownEndpointError, UnknownVersionError, ValidationError } from "../base/errors.ts";

/** Weights by version; those that are not named keep theirs. */
export type Weights = Readonly<Record<string, number>>;

const weightsSchema = z.record(z.string(), whole(0, WEIGHT_MAX));

/**
 * A document with other weights.
 * @throws ValidationError for an invalid weight, or when all would be 0; UnknownVersionError
 */
export function withWeights(current: DesiredService, weights: Weights): ServiceDocument {
  const { name, versions } = current.snapshot;
  const read = readBy(weightsSchema, weights);
  if (read.kind === "wrong") throw new ValidationError(`weights of ${name}`, read.problems);
  for (const version of Object.keys(read.value)) findVersion(current, version);
  const after = new Map(versions.map((each) => [each.name, each.weight]));
  for (const [version, weight] of Object.entries(read.value)) after.set(version, weight);
  if ([...after.values()].every((weight) => weight === 0)) {
    const problem = { path: "", wanted: WEIGHT_SUM_WANTED, found: "a sum of 0" };
    throw new ValidationError(`weights of ${name}`, [problem]);
  }
  return withVersions(current.document, (version, document) => {
    const { weight } = versions.find((each) => each.name === version) ?? {};
    return after.get(version) === weight ? document : { ...document, weight: after.get(version) };
  });
}

/**
 * A document with another state of a version.
 * @throws UnknownVersionError
 */
export function withVersionState(
  current: DesiredService,
  version: string,
  state: State,
): ServiceDocument {
  if (findVersion(current, version).state === state) return current.document;
  return withVersions(current.document, (name, document) =>
    name === version ? { ...document, state } : document,
  );
}

/** Which endpoint, and its new state. */
export type EndpointState = {
  readonly version: string;
  readonly address: string;
  readonly state: State;
};

/**
 * A document with another state of an endpoint. `ready` is the default, so it removes the entry.
 * That is also how to remove states of endpoints that are long gone.
 * @throws UnknownVersionError, UnknownEndpointError
 */
export function withEndpointState(current: DesiredService, change: EndpointState): ServiceDocument {
  const version = findVersion(current, change.version);
  const address = canonicalEndpoint(change.address) ?? change.address;
  const isKnown =
    version.endpoints.some((endpoint) => endpoint.address === address) ||
    isNamed(current, change.version, address);
  return withVersions(current.document, (name, document) => {
    if (name !== change.version) return document;
    const { endpointStates = {}, ...rest } = document;
    const others = Object.entries(endpointStates).filter(
      ([each]) => (canonicalEndpoint(each) ?? each) !== address,
    );
    const hadOne = others.length < Object.keys(endpointStates).length;
    if (!isKnown && !hadOne) throw new UnknownEndpointError(change.version, change.address);
    const own: [string, State][] = change.state === "ready" ? [] : [[address, change.state]];
    const states = [...others, ...own];
    return states.length === 0 ? rest : { ...rest, endpointStates: Object.fromEntries(states) };
  });
}

/** Whether a version's document names the endpoint: a name stands for all of its addresses. */
function isNamed({ service }: DesiredService, version: string, address: string): boolean {
  const source = service.versions.find(({ name }) => name === version)?.source;
  return source?.kind === "static" && source.endpoints.some((each) => each.address === address);
}

function findVersion(
  current: DesiredService,
  version: string,
): DesiredService["snapshot"]["versions"][number] {
  const { name, versions } = current.snapshot;
  const found = versions.find((each) => each.name === version);
  if (found === undefined) throw new UnknownVersionError(name, version);
  return found;
}

type VersionDocument = ServiceDocument["versions"][string];

function withVersions(
  document: ServiceDocument,
  edit: (version: string, document: VersionDocument) => VersionDocument,
): ServiceDocument {
  const versions = Object.entries(document.versions).map(
    ([version, each]) => [version, edit(version, each)] as const,
  );
  return { ...document, versions: Object.fromEntries(versions) };
}
