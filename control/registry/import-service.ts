import { readBy } from "../config/problems.ts";
import { name as versionName } from "../config/schema-parts.ts";
import { serviceSchema } from "../config/service-schema.ts";
import type { ServiceDocument } from "../config/service-schema.ts";
import { type ConsulClient, consulPath } from "../consul/client.ts";
import { ConsulError } from "../consul/consul-error.ts";
import { parseResolver, parseRouter, parseSplitter } from "./config-entry.ts";
import type { EntryPlace } from "./config-entry.ts";
import type { EntryKind } from "./consul-keys.ts";
import type { ServiceEntries } from "./import-chain.ts";
import { ImportFindings } from "./import-findings.ts";
import { translate } from "./import-translation.ts";

/** Services whose entries are read: a service of ours has no more versions than these. */
const SERVICES_MAX = 64;

/** What an import gives. */
export type Imported = {
  readonly document: ServiceDocument;
  /** What is different here, or left out as harmless. */
  readonly notes: readonly string[];
};

/** How the sidecar is set up that the document is for. */
export type ImportOptions = {
  /** `consul.warningIsHealthy`. */
  readonly warningIsHealthy: boolean;
};

/**
 * The service that Consul's entries for `name` describe. What our document cannot say is refused,
 * all of it at once, and what is left out as harmless is noted.
 * @throws ConsulError, also without any entry
 */
export async function importService(
  client: ConsulClient,
  name: string,
  options: ImportOptions,
): Promise<Imported> {
  const findings = new ImportFindings();
  const entries = await readEntries(client, name, findings);
  const { router, splitter, resolver } = entries.get(name) ?? {};
  if (router === undefined && splitter === undefined && resolver === undefined) {
    const reason =
      "Consul has no service-router, service-splitter or service-resolver of that name";
    throw new ConsulError("consul_refused", `import ${name}`, reason);
  }
  const document = translate({ name, entries, findings, ...options });
  checkDocument(name, document, findings);
  if (findings.refusals.length > 0) {
    const reason = findings.refusals.join("; ");
    throw new ConsulError("consul_refused", `import ${name}`, reason);
  }
  return { document, notes: findings.notes };
}

/** Whatever else Consul may call a value: what `sluice check` would refuse is not printed. */
function checkDocument(name: string, document: ServiceDocument, findings: ImportFindings): void {
  if (!versionName.safeParse(name).success) {
    const advice = "no name for a service here; write it under another, with this one in `hosts`";
    findings.refuse(`service ${name}`, advice);
  }
  const read = readBy(serviceSchema, document);
  if (read.kind === "read") return;
  for (const { path, wanted, found } of read.problems) {
    findings.refuse(path, `wanted ${wanted}, found ${found}`);
  }
}

/** The service's entries, and those of all services that they name. */
async function readEntries(
  client: ConsulClient,
  name: string,
  findings: ImportFindings,
): Promise<ReadonlyMap<string, ServiceEntries>> {
  const entries = new Map<string, ServiceEntries>();
  const read = async <Entry>(
    kind: EntryKind,
    service: string,
    parse: (entry: unknown) => Entry,
  ): Promise<Entry | undefined> => {
    const path = `config/${kind}/${consulPath(service)}`;
    const entry = await client.json({ action: `read ${kind} ${service}`, path });
    if (entry === undefined) return undefined;
    const parsed = parse(entry);
    findings.inspect(kind, service, entry as Readonly<Record<string, unknown>>);
    return parsed;
  };
  const waiting = [name];
  for (let service = waiting.pop(); service !== undefined; service = waiting.pop()) {
    if (entries.has(service)) continue;
    if (entries.size === SERVICES_MAX) {
      const reason = `its entries lead to more than ${SERVICES_MAX} services`;
      throw new ConsulError("consul_refused", `import ${name}`, reason);
    }
    const found = {
      resolver: await read("service-resolver", service, parseResolver),
      splitter: await read("service-splitter", service, parseSplitter),
      // Requests that a router has sent on meet no further router.
      router: service === name ? await read("service-router", service, parseRouter) : undefined,
    };
    entries.set(service, found);
    waiting.push(...servicesIn(found));
  }
  return entries;
}

function servicesIn({ router, splitter, resolver }: ServiceEntries): readonly string[] {
  const places: readonly (EntryPlace | null | undefined)[] = [
    ...(router?.Routes ?? []).map(({ Destination }) => Destination),
    ...(splitter?.Splits ?? []),
    resolver?.Redirect,
    ...Object.values(resolver?.Failover ?? {}).flatMap((each) => [each, ...(each.Targets ?? [])]),
  ];
  return places.map((place) => place?.Service ?? "").filter((service) => service !== "");
}
