const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

/** Every line has some of them, and padding takes longer than all else that is done for them. */
const THREE_DIGITS = Array.from({ length: 1_000 }, (_, index) => String(index).padStart(3, "0"));

/** `007`. `count`: a whole number, 0 to 999. */
export function threeDigits(count: number): string {
  return THREE_DIGITS[count] ?? "";
}

/** Texts of points in time; the part that changes once a second is made once a second. */
export class LineTime {
  #second = -1;
  #iso = "";
  #ncsa = "";

  /** `2026-11-29T12:00:00.042Z`. `wallMs`: since 1970. */
  iso(wallMs: number): string {
    this.#follow(wallMs);
    const ms = Math.floor(wallMs) % 1_000;
    return `${this.#iso}${threeDigits(ms)}Z`;
  }

  /** `29/Nov/2026:12:00:00 +0000`, as in NCSA's formats. */
  ncsa(wallMs: number): string {
    this.#follow(wallMs);
    return this.#ncsa;
  }

  #follow(wallMs: number): void {
    const second = Math.floor(wallMs / 1_000);
    if (second === this.#second) return;
    this.#second = second;
    const iso = new Date(second * 1_000).toISOString();
    this.#iso = iso.slice(0, 20);
    const month = MONTHS[Number(iso.slice(5, 7)) - 1] ?? "";
    this.#ncsa = `${iso.slice(8, 10)}/${month}/${iso.slice(0, 4)}:${iso.slice(11, 19)} +0000`;
  }
}
