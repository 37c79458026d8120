/** What stands for a figure that there is not. */
const ABSENT = "-";

/** Requests a second: `0`, `0.4`, `31`, `1.2k`. */
export function rateText(rate: number | undefined): string {
  if (rate === undefined) return ABSENT;
  if (rate === 0) return "0";
  if (rate < 9.95) return rate.toFixed(1);
  if (rate < 9_995) return String(Math.round(rate));
  return `${(rate / 1_000).toFixed(rate < 99_950 ? 1 : 0)}k`;
}

/** A part of 0 … 1: `0 %`, `0.02 %`, `12 %`. What is not 0 does not look like it. */
export function portionText(part: number | undefined): string {
  if (part === undefined) return ABSENT;
  const percent = part * 100;
  if (percent === 0) return "0 %";
  if (percent < 0.01) return "<0.01 %";
  const digits = percent < 1 ? 2 : percent < 10 ? 1 : 0;
  return `${Number(percent.toFixed(digits))} %`;
}

/** A duration: `0.4 ms`, `16 ms`, `1.2 s`. */
export function durationText(durationMs: number | undefined): string {
  if (durationMs === undefined) return ABSENT;
  if (durationMs < 9.95) return `${durationMs.toFixed(1)} ms`;
  if (durationMs < 999.5) return `${Math.round(durationMs)} ms`;
  return `${(durationMs / 1_000).toFixed(1)} s`;
}
