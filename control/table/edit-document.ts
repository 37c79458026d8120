import { z } from "zod";
import { WEIGHT_MAX } from "../../proxy/table/snapshot.ts";
import type { State } from "../../proxy/table/snapshot.ts";
import { canonicalEndpoint } from "../config/address.ts";
import { readBy } from "../config/problems.ts";
import { matching, whole } from "../config/schema-parts.ts";
import { WEIGHT_SUM_WANTED } from "../config/service-checks.ts";
import type { ServiceDocument } from "../config/service-schema.ts";
import type { DesiredService } from "./desired-table.ts";
import type { Problem } from "../base/errors.ts";
import { SHARE_PATTERN, weightsForShares } from "./shares.ts";
import { UnknownEndpointError, UnknownVersionError, ValidationError } from "../base/errors.ts";

/**
 * Weights by version, and those that are not named keep theirs; or shares such as `10%`, and those
 * that are not named share the rest in their proportions.
 */
export type Weights = Readonly<Record<string, number | string>>;

const WEIGHT_WANTED = `a whole number from 0 to ${WEIGHT_MAX}, or a share from 0% to 100%`;

/** A weight or a share of a shift. */
export const weightOrShare = z.union(
  [whole(0, WEIGHT_MAX), matching(SHARE_PATTERN, WEIGHT_WANTED)],
  { error: WEIGHT_WANTED },
);

const weightsSchema = z.record(z.string(), weightOrShare);

/**
 * A document with other weights.
 * @throws ValidationError for a weight or share that cannot be, a mixture of both, or when all
 *   weights would be 0; UnknownVersionError
 */
export function withWeights(current: DesiredService, weights: Weights): ServiceDocument {
  const { name, versions } = current.snapshot;
  const read = readBy(weightsSchema, weights);
  if (read.kind === "wrong") throw new ValidationError(`weights of ${name}`, read.problems);
  for (const version of Object.keys(read.value)) findVersion(current, version);
  const before = new Map(versions.map((each) => [each.name, each.weight]));
  const after = weightsAfter(name, before, Object.entries(read.value));
  if ([...after.values()].every((weight) => weight === 0)) {
    const problem = { path: "", wanted: WEIGHT_SUM_WANTED, found: "a sum of 0" };
    throw new ValidationError(`weights of ${name}`, [problem]);
  }
  return withVersions(current.document, (version, document) => {
    const { weight } = versions.find((each) => each.name === version) ?? {};
    return after.get(version) === weight ? document : { ...document, weight: after.get(version) };
  });
}

function weightsAfter(
  service: string,
  before: ReadonlyMap<string, number>,
  asked: readonly (readonly [string, number | string])[],
): ReadonlyMap<string, number> {
  const weights = asked.filter((each): each is [string, number] => typeof each[1] === "number");
  const shares = asked.filter((each): each is [string, string] => typeof each[1] === "string");
  const refuse = (problem: Problem): never => {
    throw new ValidationError(`weights of ${service}`, [problem]);
  };
  if (shares.length === 0) return new Map([...before, ...weights]);
  if (weights.length > 0) {
    const wanted = "either weights or shares";
    return refuse({ path: weights[0]?.[0] ?? "", wanted, found: "a weight beside shares" });
  }
  const shared = weightsForShares(before, new Map(shares));
  return shared.kind === "wrong" ? refuse(shared.problem) : shared.weights;
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
