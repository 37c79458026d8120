import { formatDuration } from "../config/units.ts";
import type { ImportFindings } from "./import-findings.ts";

const NANOSECONDS_BY_UNIT: ReadonlyMap<string, number> = new Map([
  ["h", 3_600e9],
  ["m", 60e9],
  ["s", 1e9],
  ["ms", 1e6],
  ["us", 1e3],
  ["µs", 1e3],
  ["ns", 1],
]);

const NS_PER_MS = 1e6;

/** A duration as Go writes it. Absent, empty or 0: Consul's own default. */
export type GoDuration = string | number | null | undefined;

/**
 * A duration of Go's, `1m30s` or nanoseconds, as a document of ours has it; below a millisecond it
 * becomes one. undefined: absent, or noted in `findings` as unreadable.
 */
export function fromGoDuration(
  what: string,
  value: GoDuration,
  findings: ImportFindings,
): string | undefined {
  const ns = nanosecondsOf(value);
  if (ns === 0) return undefined;
  if (ns === undefined || ns < 0) {
    findings.refuse(what, `wanted a duration such as 5s, found ${JSON.stringify(value)}`);
    return undefined;
  }
  return formatDuration(Math.ceil(ns / NS_PER_MS));
}

/** The longest of several; when they differ, that is noted. undefined: none has one. */
export function longestDuration(
  what: string,
  given: readonly { readonly from: string; readonly value: GoDuration }[],
  findings: ImportFindings,
): string | undefined {
  const read = given
    .map(({ from, value }) => ({ text: fromGoDuration(what, value, findings), value, from }))
    .filter(({ text }) => text !== undefined)
    .toSorted((a, b) => (nanosecondsOf(b.value) ?? 0) - (nanosecondsOf(a.value) ?? 0));
  const [first] = read;
  if (first !== undefined && (read.length < given.length || read.at(-1)?.text !== first.text)) {
    findings.note(what, `all versions get that of ${first.from}, ${first.text}`);
  }
  return first?.text;
}

/** undefined: not a duration. */
function nanosecondsOf(value: GoDuration): number | undefined {
  if (value === undefined || value === null || value === "") return 0;
  if (typeof value === "number") return value;
  if (value === "0") return 0;
  if (!/^(?:\d+(?:\.\d+)?(?:h|ms|m|s|us|µs|ns))+$/.test(value)) return undefined;
  const parts = value.matchAll(/([\d.]+)([a-zµ]+)/g);
  return [...parts].reduce((sum, [, count, unit]) => {
    return sum + Number(count) * (NANOSECONDS_BY_UNIT.get(unit ?? "") ?? 0);
  }, 0);
}
