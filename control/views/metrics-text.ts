import { Registry } from "prom-client";
import { portions } from "../../proxy/base/portions.ts";
import type { ServiceSnapshot } from "../../proxy/table/snapshot.ts";

/**
 * About how many series are written in one go, which takes some milliseconds. All of a table with
 * 10 000 services at once would hold up whoever shifts, and the health of the workers, for seconds.
 */
const PORTION_SERIES = 1_000;

/** About how many series a version and an endpoint have: two histograms and some forty others. */
const VERSION_SERIES = 90;
const ENDPOINT_SERIES = 7;

/** How much is sent at a time: the whole may be longer than a text may be. */
const PIECE_CHARS = 256 * 1_024;

/** What Prometheus wants of a metric before its series. */
type Family = { readonly head: string; readonly parts: string[] };

/**
 * Metrics in Prometheus' text format that are written in portions. Each portion may have series of
 * the same metrics: these come together, as the format wants all series of a metric in one group.
 */
export class MetricsText {
  readonly #families = new Map<string, Family>();

  /** Writes what `fill` puts into a registry. */
  async add(fill: (registry: Registry) => void): Promise<void> {
    const registry = new Registry();
    fill(registry);
    for (const { name } of registry.getMetricsAsArray()) {
      this.#take(name, await registry.getSingleMetricAsString(name));
    }
  }

  /** All that was added, in pieces of PIECE_CHARS or somewhat more, the last one shorter. */
  *pieces(): Generator<string> {
    let piece = "";
    for (const text of this.#texts()) {
      piece += text;
      if (piece.length < PIECE_CHARS) continue;
      yield piece;
      piece = "";
    }
    yield piece;
  }

  *#texts(): Generator<string> {
    let before = "";
    for (const { head, parts } of this.#families.values()) {
      yield `${before}${head}\n`;
      for (const part of parts) yield `${part}\n`;
      before = "\n";
    }
  }

  /** `text`: lines of help and type, and one for each series. */
  #take(name: string, text: string): void {
    const helpEnd = text.indexOf("\n");
    const typeEnd = text.indexOf("\n", helpEnd + 1);
    const head = typeEnd < 0 ? text : text.slice(0, typeEnd);
    const family = this.#families.get(name) ?? { head, parts: [] };
    if (typeEnd >= 0) family.parts.push(text.slice(typeEnd + 1));
    this.#families.set(name, family);
  }
}

/** The services in portions, in their order. None: one portion without any. */
export function servicePortions(
  services: readonly ServiceSnapshot[],
): readonly (readonly ServiceSnapshot[])[] {
  return services.length === 0 ? [[]] : portions(services, seriesOf, PORTION_SERIES);
}

function seriesOf({ versions }: ServiceSnapshot): number {
  const endpoints = versions.reduce((sum, version) => sum + version.endpoints.length, 0);
  return versions.length * VERSION_SERIES + endpoints * ENDPOINT_SERIES;
}
