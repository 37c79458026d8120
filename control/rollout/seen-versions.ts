import { z } from "zod";
import { KeptList } from "./kept-list.ts";
import type { KeptListDeps } from "./kept-list.ts";

/** Services whose versions are remembered. */
const SERVICES_MAX = 1_024;

/** Versions of a service that are: the oldest are forgotten first. */
const SEEN_MAX = 256;

const seenSchema = z.object({ service: z.string(), versions: z.array(z.string()) });

/** Versions that are not new, of services whose rollouts begin by themselves. */
export class SeenVersions {
  readonly kept: KeptList<z.output<typeof seenSchema>>;

  constructor(deps: KeptListDeps) {
    this.kept = new KeptList(deps, { name: "~versions", item: seenSchema, max: SERVICES_MAX });
  }

  /** undefined: nobody has looked yet. */
  of(service: string): readonly string[] | undefined {
    return this.kept.items.find((each) => each.service === service)?.versions;
  }

  /** These are not new any more. @throws StoreError */
  async add(service: string, versions: readonly string[]): Promise<void> {
    await this.kept.edit((all) => {
      const known = all.find((each) => each.service === service)?.versions ?? [];
      const merged = [...new Set([...known, ...versions])].slice(-SEEN_MAX);
      return [...all.filter((each) => each.service !== service), { service, versions: merged }];
    });
  }
}
