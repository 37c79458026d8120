/**
 * The longest duration, 596 hours: the next full hour does not fit the 32-bit milliseconds of
 * setTimeout, which would then fire at once.
 */
export const DURATION_MAX_MS = 596 * 3_600_000;

/** How an error describes a duration. */
export const DURATION_WANTED =
  "a duration with its unit, such as 250ms, 5s, 10m or 1h (at most 596h)";

/** How an error describes a size. */
export const SIZE_WANTED = "a size with its unit, such as 512B, 64KiB, 8MiB or 1GiB";

const MS_BY_UNIT: ReadonlyMap<string, number> = new Map([
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1_000],
  ["ms", 1],
]);

const BYTES_BY_UNIT: ReadonlyMap<string, number> = new Map([
  ["B", 1],
  ["KiB", 1024],
  ["MiB", 1024 ** 2],
  ["GiB", 1024 ** 3],
]);

/**
 * Whole milliseconds, 0 … DURATION_MAX_MS, of a text such as `5s`. A number without a unit says
 * nothing about what it counts: only 0 is taken. undefined: not a duration.
 */
export function parseDurationMs(text: string | number): number | undefined {
  return quantity(text, MS_BY_UNIT, DURATION_MAX_MS);
}

/** The shortest text that parseDurationMs() reads as `durationMs`, in one unit. */
export function formatDuration(durationMs: number): string {
  for (const [unit, unitMs] of MS_BY_UNIT) {
    if (durationMs > 0 && durationMs % unitMs === 0) return `${durationMs / unitMs}${unit}`;
  }
  return "0s";
}

/** Whole bytes of a text such as `64KiB`; the only number accepted is 0. undefined: not a size. */
export function parseSizeBytes(text: string | number): number | undefined {
  return quantity(text, BYTES_BY_UNIT, Number.MAX_SAFE_INTEGER);
}

/** A regular expression of the texts that are durations, but for their bound. */
export const DURATION_PATTERN = patternOf(MS_BY_UNIT);

/** A regular expression of the texts that are sizes, but for their bound. */
export const SIZE_PATTERN = patternOf(BYTES_BY_UNIT);

function patternOf(units: ReadonlyMap<string, number>): string {
  return `^(?:0|\\d{1,16}(?:${[...units.keys()].join("|")}))$`;
}

function quantity(
  text: string | number,
  units: ReadonlyMap<string, number>,
  max: number,
): number | undefined {
  if (text === 0 || text === "0") return 0;
  const [, count, unit] = /^(\d{1,16})([A-Za-z]{1,3})$/.exec(String(text)) ?? [];
  const scale = units.get(unit ?? "");
  if (count === undefined || scale === undefined) return undefined;
  const value = Number(count) * scale;
  return value <= max ? value : undefined;
}
