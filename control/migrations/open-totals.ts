import { compoundKey } from "../../proxy/base/compound-key.ts";
import type {
  AgeCounts,
  OpenCounts,
  VersionName,
  WorkCounts,
} from "../../proxy/messages/messages.ts";

/** What is under way, over all workers. */
export class OpenTotals {
  readonly #versions: ReadonlyMap<string, readonly OpenCounts[]>;

  constructor(counts: readonly OpenCounts[]) {
    this.#versions = Map.groupBy(counts, ({ service, version }) => compoundKey(service, version));
  }

  /** What is under way at one version. undefined: nothing. */
  of(name: VersionName): WorkCounts | undefined {
    const counts = this.#versions.get(compoundKey(name.service, name.version));
    if (counts === undefined) return undefined;
    return {
      tunnel: addUp(counts.map(({ tunnel }) => tunnel)),
      exchange: addUp(counts.map(({ exchange }) => exchange)),
    };
  }
}

function addUp(counts: readonly AgeCounts[]): AgeCounts {
  const [first = []] = counts;
  return first.map((_count, age) => counts.reduce((sum, each) => sum + (each[age] ?? 0), 0));
}
