import {
  parseResolver,
  parseRouter,
  parseSplitter,
} from "../../../control/registry/config-entry.ts";
import type { EntryKind } from "../../../control/registry/consul-keys.ts";
import type { ServiceEntries } from "../../../control/registry/import-chain.ts";
import { ImportFindings } from "../../../control/registry/import-findings.ts";
import { translate } from "../../../control/registry/import-translation.ts";

/** Entries by `KIND/NAME`, without what Consul adds to each. */
export type GivenEntries = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** Entries as Consul gives them, by service. */
export function entriesOf(
  given: GivenEntries,
  findings = new ImportFindings(),
): ReadonlyMap<string, ServiceEntries> {
  const entries = new Map<string, ServiceEntries>();
  for (const [key, fields] of Object.entries(given)) {
    const [Kind = "", Name = ""] = key.split("/");
    const entry = { Kind, Name, CreateIndex: 3, ModifyIndex: 7, ...fields };
    findings.inspect(Kind as EntryKind, Name, entry);
    entries.set(Name, { ...entries.get(Name), ...parsed(entry) });
  }
  return entries;
}

/** What an import of `web` makes of entries. */
export function importedFrom(
  given: GivenEntries,
  { name = "web", warningIsHealthy = true } = {},
): { document: object; refusals: readonly string[]; notes: readonly string[] } {
  const findings = new ImportFindings();
  const entries = entriesOf(given, findings);
  const document = translate({ name, entries, findings, warningIsHealthy });
  const { refusals, notes } = findings;
  return { document: JSON.parse(JSON.stringify(document)) as object, refusals, notes };
}

function parsed(entry: { readonly Kind: string }): ServiceEntries {
  if (entry.Kind === "service-router") return { router: parseRouter(entry) };
  if (entry.Kind === "service-splitter") return { splitter: parseSplitter(entry) };
  return { resolver: parseResolver(entry) };
}
