import { usageError } from "./cli-error.ts";

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

/** The furthest end. Ten years are for ever, and what is beyond is a slip of the finger. */
const EXPIRES_MAX_MS = 3650 * DAY_MS;

/**
 * The moment, as RFC 3339 has it, that `text` means at `nowMs` of the wall clock: a time from now
 * such as `90d` or `12h`, or a date, which ends when it begins in UTC.
 * @throws CliError usage; also for what is over already, or too far away
 */
export function readExpiry(text: string, nowMs: number): string {
  const atMs = momentOf(text, nowMs);
  if (atMs !== undefined && atMs > nowMs && atMs <= nowMs + EXPIRES_MAX_MS) return textOf(atMs);
  const wanted = "a time to come within ten years, such as 90d, 12h or 2027-01-01";
  throw usageError(`Cannot read --expires: wanted ${wanted}, found ${JSON.stringify(text)}`);
}

/** undefined: the text means no moment. */
function momentOf(text: string, nowMs: number): number | undefined {
  const [, count, unit] = /^(\d{1,5})([dh])$/.exec(text) ?? [];
  if (count !== undefined) return nowMs + Number(count) * (unit === "d" ? DAY_MS : HOUR_MS);
  const atMs = /^\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\dZ)?$/.test(text) ? Date.parse(text) : NaN;
  // A day that its month does not have is one of the next month to Date.
  return Number.isFinite(atMs) && textOf(atMs).startsWith(text.slice(0, 10)) ? atMs : undefined;
}

/** To whole seconds. */
function textOf(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 19)}Z`;
}
