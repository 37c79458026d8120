import { isDeepStrictEqual } from "node:util";
import type { ServiceSnapshot, TableChange } from "../../proxy/table/snapshot.ts";
import { compileService, hostsOf } from "../config/compile-service.ts";
import { SERVICES_MAX } from "../config/config-shape.ts";
import type { DocumentRules } from "../config/document-rules.ts";
import { pathText } from "../config/problems.ts";
import { readService } from "../config/read-service.ts";
import type { ServiceDocument } from "../config/service-schema.ts";
import type { Service } from "../config/service.ts";
import type { Discovery } from "../discovery/discovery.ts";
import { ValidationError } from "../base/errors.ts";
import type { Problem } from "../base/errors.ts";
import type { StoredTable } from "../store/store.ts";

/** A service in its three forms: as written, as read, as workers have it. */
export type DesiredService = {
  readonly document: ServiceDocument;
  readonly service: Service;
  readonly snapshot: ServiceSnapshot;
};

/** What should be in force. `documents` may hold some that `services` does not: see readTable(). */
export type DesiredTable = {
  /** The store's. 0: none yet. */
  readonly revision: number;
  readonly documents: ReadonlyMap<string, ServiceDocument>;
  readonly services: ReadonlyMap<string, DesiredService>;
};

/** The table before the first one. */
export const NO_TABLE: DesiredTable = { revision: 0, documents: new Map(), services: new Map() };

/** New documents by service. undefined: removes the service. */
export type DocumentChanges = ReadonlyMap<string, ServiceDocument | undefined>;

/** A stored table, read. */
export type ReadTable = {
  readonly table: DesiredTable;
  /** Services whose documents cannot be used, with the reason. */
  readonly refused: ReadonlyMap<string, ValidationError>;
};

/**
 * Reads a stored table, which another version of Sluice may have written. A document that cannot be
 * used keeps its place in `documents`, so that saving loses nothing; the service stays as it is in
 * `before`, or absent.
 * @throws ValidationError when there are too many services
 */
export function readTable(
  stored: StoredTable,
  before: DesiredTable,
  discovery: Discovery | undefined,
  rules?: DocumentRules,
): ReadTable {
  const documents = new Map(Object.entries(stored.services));
  checkCount(documents.size);
  const services = new Map<string, DesiredService>();
  const owners = new Map<string, string>();
  const refused = new Map<string, ValidationError>();
  for (const [name, document] of documents) {
    const old = before.services.get(name);
    try {
      const service = reread(name, document, old, rules);
      checkHosts(name, service, owners);
      for (const host of hostsOf(name, service)) owners.set(host, name);
      services.set(name, desire(name, { document, service }, { old, discovery }));
    } catch (error) {
      if (!(error instanceof ValidationError)) throw error;
      refused.set(name, error);
      if (old !== undefined) services.set(name, old);
    }
  }
  return { table: { revision: stored.revision, documents, services }, refused };
}

/**
 * The table with some services replaced or removed, all at once, under the next revision, so that
 * they may exchange hosts.
 * @throws ValidationError
 */
export function withDocuments(
  before: DesiredTable,
  changes: DocumentChanges,
  discovery: Discovery | undefined,
  rules?: DocumentRules,
): DesiredTable {
  const documents = new Map(before.documents);
  const services = new Map(before.services);
  const owners = ownersOf([...before.services].filter(([name]) => !changes.has(name)));
  for (const [name, document] of changes) {
    if (document === undefined) {
      documents.delete(name);
      services.delete(name);
      continue;
    }
    const service = readService(name, document, rules);
    checkHosts(name, service, owners);
    for (const host of hostsOf(name, service)) owners.set(host, name);
    const old = before.services.get(name);
    documents.set(name, document);
    services.set(name, desire(name, { document, service }, { old, discovery }));
  }
  checkCount(documents.size);
  return { revision: before.revision + 1, documents, services };
}

/** The table with what discovery knows now. The same table when that changes nothing. */
export function rediscovered(
  before: DesiredTable,
  names: Iterable<string>,
  discovery: Discovery | undefined,
): DesiredTable {
  const services = new Map(before.services);
  for (const name of names) {
    const old = services.get(name);
    if (old !== undefined) services.set(name, desire(name, old, { old, discovery }));
  }
  const table = { ...before, services };
  return changeBetween(before, table).replace.length === 0 ? before : table;
}

/** The services that are new in `after` or differ there, whatever discovery finds. */
export function rewrittenNames(before: DesiredTable, after: DesiredTable): readonly string[] {
  const services = [...after.services];
  return services
    .filter(([name, { service }]) => service !== before.services.get(name)?.service)
    .map(([name]) => name);
}

/** What workers that have `before` need to hear to have `after`. */
export function changeBetween(before: DesiredTable, after: DesiredTable): TableChange {
  const replace = [...after.services]
    .filter(([name, { snapshot }]) => snapshot !== before.services.get(name)?.snapshot)
    .map(([, { snapshot }]) => snapshot);
  const remove = [...before.services.keys()].filter((name) => !after.services.has(name));
  return { revision: after.revision, replace, remove };
}

/** The table as a store keeps it. */
export function storedForm(table: DesiredTable): StoredTable {
  return { revision: table.revision, services: Object.fromEntries(table.documents) };
}

/**
 * Whether a service is the same in two tables: the same document, and the same order of versions.
 */
export function isSameService(left: DesiredTable, right: DesiredTable, name: string): boolean {
  return (
    isDeepStrictEqual(left.documents.get(name), right.documents.get(name)) &&
    isDeepStrictEqual(left.services.get(name)?.service, right.services.get(name)?.service)
  );
}

function reread(
  name: string,
  document: ServiceDocument,
  old: DesiredService | undefined,
  rules: DocumentRules | undefined,
): Service {
  const isAsWas = old !== undefined && JSON.stringify(old.document) === JSON.stringify(document);
  return isAsWas ? old.service : readService(name, document, rules);
}

/**
 * Compiles a service; keeps the old snapshot when the new one is equal, so that no worker hears.
 */
function desire(
  name: string,
  read: Pick<DesiredService, "document" | "service">,
  known: { readonly old: DesiredService | undefined; readonly discovery: Discovery | undefined },
): DesiredService {
  const { document, service } = read;
  const discovered = new Map(
    service.versions.map((each) => [each.name, known.discovery?.endpoints(name, each.name) ?? []]),
  );
  const compiled = compileService(name, service, discovered);
  const snapshot = known.old?.snapshot;
  const isAsWas = snapshot !== undefined && isDeepStrictEqual(snapshot, compiled);
  return { document, service, snapshot: isAsWas ? snapshot : compiled };
}

/** If two services had one host, it would be chance which of them a request is for. */
function checkHosts(name: string, service: Service, owners: ReadonlyMap<string, string>): void {
  const problems = hostsOf(name, service).flatMap((host, index): Problem[] => {
    const owner = owners.get(host) ?? name;
    if (owner === name) return [];
    const path = service.hosts === undefined ? "" : pathText(["hosts", index]);
    const found = `${JSON.stringify(host)} of service ${owner}`;
    return [{ path, wanted: "a host that no other service has", found }];
  });
  if (problems.length > 0) throw new ValidationError(`service ${name}`, problems);
}

/** Which service has which host. */
function ownersOf(services: readonly (readonly [string, DesiredService])[]): Map<string, string> {
  return new Map(
    services.flatMap(([name, { snapshot }]) => snapshot.hosts.map((host) => [host, name])),
  );
}

function checkCount(count: number): void {
  if (count <= SERVICES_MAX) return;
  const wanted = `at most ${SERVICES_MAX} services`;
  throw new ValidationError("table", [{ path: "", wanted, found: `${count}` }]);
}
