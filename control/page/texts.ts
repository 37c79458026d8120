/** Numbers and times as the page shows them. `–`: there is none. */

const NONE = "–";

/** `90 %`, `0.3 %`, `<0.1 %`. `part`: 0 … 1; undefined: there is none. */
export function partText(part: number | undefined): string {
  if (part === undefined || !Number.isFinite(part)) return NONE;
  const percent = part * 100;
  if (percent > 0 && percent < 0.1) return "<0.1 %";
  // What is not all must not read as if it were.
  if (percent < 100 && percent > 99.9) return ">99.9 %";
  return `${Number(percent.toFixed(1))} %`;
}

/** `168`, `18.2`, `0.04`. */
export function perSecondText(rate: number | undefined): string {
  if (rate === undefined) return NONE;
  if (rate === 0) return "0";
  if (rate >= 100) return String(Math.round(rate));
  return String(Number(rate.toFixed(rate >= 1 ? 1 : 2)));
}

/** `16.4 ms`, `1.2 s`. */
export function latencyText(ms: number | undefined): string {
  if (ms === undefined) return NONE;
  if (ms >= 1_000) return `${Number((ms / 1_000).toPrecision(2))} s`;
  return `${Number(ms.toPrecision(3))} ms`;
}

/** `12 s`, `3 min`, `2 h`, `5 d`: how long something takes or is ago, in its largest unit. */
export function spanText(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  if (seconds < 100) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 100) return `${minutes} min`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `${hours} h` : `${Math.round(hours / 24)} d`;
}

/** `4:59`: how long something lasts that is counted down, in minutes and seconds. */
export function countdownText(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

/** `18:02:52`, or `29 Nov 18:02:52` when that is another day than `nowMs`; of this machine. */
export function momentText(time: string, nowMs: number): string {
  const at = new Date(time);
  const clock = [at.getHours(), at.getMinutes(), at.getSeconds()]
    .map((each) => String(each).padStart(2, "0"))
    .join(":");
  if (at.toDateString() === new Date(nowMs).toDateString()) return clock;
  return `${at.getDate()} ${MONTHS[at.getMonth()] ?? ""} ${clock}`;
}

const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

/** `1.4 failed requests more`, `1 failed request fewer`: next to another version. */
export function excessText(failures: number): string {
  const count = Number(Math.abs(failures).toPrecision(2));
  return `${manyText(count, "failed request")} ${failures < 0 ? "fewer" : "more"}`;
}

/** `Pause`: a word as the first of a button. */
export function withCapital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

/** `1 endpoint`, `2 endpoints`. */
export function manyText(count: number, one: string, many: string = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
