import { isDeepStrictEqual } from "node:util";
import type { Log } from "../../proxy/base/log.ts";
import type { Config } from "../config/config-schema.ts";
import { listenedServices } from "../config/listened-services.ts";
import { asStored } from "../table/service-writes.ts";
import type { Services } from "../table/services.ts";

/** Names that one line of the log lists. */
const NAMES_MAX = 20;

/**
 * Says where a file and the table of a store that has won over it are not the same: services that
 * only a reload with `restore` takes from the file, and listeners for services that are not there.
 */
export function warnOfDifferences(
  { documents, listeners }: Pick<Config, "documents" | "listeners">,
  services: Pick<Services, "document" | "names" | "revision">,
  log: Log,
): void {
  const names = new Set(services.names());
  const inFile = Object.entries(documents);
  const absent = inFile.filter(([name]) => !names.has(name));
  const differing = inFile.filter(
    ([name, document]) =>
      names.has(name) && !isDeepStrictEqual(services.document(name), asStored(document)),
  );
  if (absent.length + differing.length > 0) {
    const { revision } = services;
    const fields = { absent: namesText(absent), differing: namesText(differing) };
    log.warn("table.store-wins", { revision, ...fields });
  }
  for (const listener of listeners) {
    for (const { service } of listenedServices(listener)) {
      if (!names.has(service)) log.warn("listener.no-service", { bind: listener.bind, service });
    }
  }
}

function namesText(entries: readonly (readonly [string, unknown])[]): string {
  const names = entries.slice(0, NAMES_MAX).map(([name]) => name);
  const more = entries.length - names.length;
  return more > 0 ? `${names.join(", ")} and ${more} more` : names.join(", ");
}
