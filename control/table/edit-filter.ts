import type { ServiceDocument } from "../config/service-schema.ts";
import type { DesiredService, DesiredTable, DocumentChanges } from "./desired-table.ts";
import { UnknownFilterError } from "../base/errors.ts";

/** What may change in a filter. What is absent stays. */
export type FilterEdit = {
  readonly module?: string | undefined;
  readonly options?: Readonly<Record<string, unknown>> | undefined;
};

/**
 * The documents of all services that have a filter of this name, with another module or options.
 * @throws UnknownFilterError
 */
export function withFilter(table: DesiredTable, name: string, edit: FilterEdit): DocumentChanges {
  const changes = new Map<string, ServiceDocument>();
  for (const [service, desired] of table.services) {
    const index = desired.service.filters.findIndex((filter) => filter.name === name);
    if (index !== -1) changes.set(service, withEdit(desired, index, edit));
  }
  if (changes.size === 0) throw new UnknownFilterError(name);
  return changes;
}

function withEdit(
  { document, service }: DesiredService,
  index: number,
  { module, options }: FilterEdit,
): ServiceDocument {
  const filters = (document.filters ?? []).map((filter, at) => {
    if (at !== index) return filter;
    const changed = { ...filter, ...(options && { options }) };
    if (module === undefined || module === filter.module) return changed;
    // A name that was derived from the old file's must now be written down, because it stays.
    const { name } = service.filters[index] ?? {};
    return { ...changed, module, ...(name !== undefined && { name }) };
  });
  return { ...document, filters };
}
