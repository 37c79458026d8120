import type { Stats } from "../api/stats-ticker.ts";
import type { TrafficAnswer } from "../api/traffic-routes.ts";
import { weightsText } from "./changes.ts";
import type { PageEvent } from "./told-event.ts";

/** How far back charts go. */
export const PAST_MS = 15 * 60_000;

/** How a service's versions did at one time, by what charts show. */
export type Moment = {
  readonly atMs: number;
  readonly versions: TrafficAnswer["moments"][number]["versions"];
};

/** What all services did, oldest first: one moment for each `stats`. */
export type Past = ReadonlyMap<string, readonly Moment[]>;

/** Services kept: more than that nobody looks at. */
const SERVICES_MAX = 64;

/** What looks less far back jumps up and down. The sidecar remembers what is left out so. */
const WINDOW_MIN_MS = 5_000;

/** The past with one `stats` more, and without what is older than PAST_MS. */
export function withStats(past: Past, stats: Stats): Past {
  if (stats.windowMs < WINDOW_MIN_MS) return past;
  const atMs = Date.parse(stats.time);
  const names = new Set([...past.keys(), ...Object.keys(stats.services)].slice(0, SERVICES_MAX));
  return new Map(
    [...names].map((name) => {
      const moment = { atMs, versions: stats.services[name]?.versions ?? {} };
      const before = past.get(name) ?? [];
      const first = before.findIndex((each) => each.atMs > atMs - PAST_MS);
      return [name, [...(first === -1 ? [] : before.slice(first)), moment]] as const;
    }),
  );
}

/** The past of a service with what the sidecar remembers from before this page looked. */
export function withRemembered(
  past: Past,
  service: string,
  remembered: TrafficAnswer["moments"],
): Past {
  const seen = past.get(service) ?? [];
  const firstMs = seen[0]?.atMs ?? Infinity;
  const earlier = remembered
    .map(({ time, versions }) => ({ atMs: Date.parse(time), versions }))
    .filter(({ atMs }) => atMs < firstMs);
  return new Map([...past, [service, [...earlier, ...seen]]]);
}

/** What a chart can show of a version. */
export const MEASURES = ["rate", "errors", "p99Ms"] as const;

/** One of them. */
export type Measure = (typeof MEASURES)[number];

/** Seconds since 1970, and for each version its values at those times; null: there was none. */
export type Series = readonly [
  times: readonly number[],
  ...values: readonly (readonly (number | null)[])[],
];

/** What a chart of a measure shows. A gap of the stream is a gap in the chart. */
export function seriesOf(
  moments: readonly Moment[],
  versions: readonly string[],
  measure: Measure,
): Series {
  const times = moments.map(({ atMs }) => atMs / 1_000);
  const values = versions.map((version) =>
    moments.map(({ versions: all }) => {
      const value = all[version]?.[measure];
      if (value !== undefined) return measure === "errors" ? value * 100 : value;
      return measure === "rate" ? 0 : null;
    }),
  );
  return [times, ...values];
}

/** Something that happened at a time, for people. */
export type Mark = { readonly atMs: number; readonly time: string; readonly text: string };

/** Kinds of events that change what versions get. */
const MARKED: Readonly<Record<string, (event: PageEvent) => string>> = {
  shift: ({ after }) => `shift: ${weightsText(after)}`,
  rollout: ({ phase, share }) => `rollout ${String(phase)}, ${Math.round(Number(share) * 100)} %`,
  revision: ({ action }) => String(action),
  "migration-stopped": ({ version }) => `migration of ${version ?? ""} stopped by itself`,
  "migration-ended": ({ version }) => `migration of ${version ?? ""} ended`,
  ejection: ({ endpoint }) => `${endpoint ?? ""} ejected`,
};

/** What happened to a service, oldest first, so that a chart can say when. */
export function marksOf(events: readonly PageEvent[]): readonly Mark[] {
  return events.flatMap((event) => {
    const text = MARKED[event.kind];
    // A shift tells of itself, with the weights.
    if (text === undefined || (event.kind === "revision" && event["action"] === "shift")) return [];
    return [{ atMs: Date.parse(event.time), time: event.time, text: text(event) }];
  });
}
