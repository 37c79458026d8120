import { name as versionName } from "../config/schema-parts.ts";
import type { AutomaticRollout } from "../config/service.ts";
import { VERSIONS_MAX } from "../config/service-shape.ts";
import type { ServiceDocument } from "../config/service-schema.ts";
import type { NewVersion } from "../discovery/discovery.ts";
import { versionAdded } from "../table/version-added.ts";
import { hasUsableEndpoint } from "../table/serving.ts";
import type { Services } from "../table/services.ts";
import type { Asker } from "../table/table-sink.ts";

/** A service whose rollouts begin by themselves, and what it has now. */
export type AutomaticService = {
  readonly service: string;
  readonly how: AutomaticRollout;
  /** Versions with something that can take requests, those that only the registry has too. */
  readonly present: readonly string[];
  readonly weighed: readonly string[];
};

/** The table, as rollouts that begin by themselves see and write it. */
export class AutomaticTable {
  readonly #services: Services;
  readonly #newVersions: (service: string) => readonly NewVersion[];

  constructor(services: Services, newVersions: (service: string) => readonly NewVersion[]) {
    this.#services = services;
    this.#newVersions = newVersions;
  }

  /** Whether there is any such service. */
  get isWanted(): boolean {
    return this.#services.names().some((each) => this.#how(each) !== undefined);
  }

  all(): readonly AutomaticService[] {
    return this.#services.names().flatMap((service) => {
      const how = this.#how(service);
      return how === undefined ? [] : [this.#seen(service, how)];
    });
  }

  /** Why a version that only the registry has cannot be one of the service. undefined: it can. */
  whyNot(service: string, version: string): string | undefined {
    if (!versionName.safeParse(version).success) return "it is no name of a version";
    const count = Object.keys(this.#services.document(service).versions).length;
    return count >= VERSIONS_MAX ? `the service has ${count} versions` : undefined;
  }

  /** Gives a service a version that only the registry has, at weight 0. @throws as every write */
  async add(service: string, version: string, by: Asker): Promise<void> {
    const found = this.#newVersions(service).find(({ name }) => name === version);
    if (found === undefined || this.#has(service, version)) return;
    const edit = (document: ServiceDocument): ServiceDocument => versionAdded(document, found);
    await this.#services.change({
      action: "put",
      context: { ...by, ifMatch: "*" },
      edit: ({ documents }) => {
        const document = documents.get(service);
        return new Map(document === undefined ? [] : [[service, edit(document)]]);
      },
    });
  }

  #how(service: string): AutomaticRollout | undefined {
    return this.#services.service(service).automatic;
  }

  #has(service: string, version: string): boolean {
    return Object.hasOwn(this.#services.document(service).versions, version);
  }

  #seen(service: string, how: AutomaticRollout): AutomaticService {
    const { versions } = this.#services.snapshot(service);
    const present = versions.filter(hasUsableEndpoint).map(({ name }) => name);
    const found = this.#newVersions(service).map(({ name }) => name);
    const weighed = versions.filter(({ weight }) => weight > 0).map(({ name }) => name);
    return { service, how, present: [...present, ...found], weighed };
  }
}
