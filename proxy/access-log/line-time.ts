import type { LineBytes } from "./line-bytes.ts";

const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

/** The part of a point in time that changes once a second is made once a second. */
class SecondText {
  readonly #make: (iso: string) => string;
  #second = -1;
  #text = "";

  /** `make`: of a whole second as ISO 8601 has it. */
  constructor(make: (iso: string) => string) {
    this.#make = make;
  }

  of(second: number): string {
    if (second === this.#second) return this.#text;
    this.#second = second;
    this.#text = this.#make(new Date(second * 1_000).toISOString());
    return this.#text;
  }
}

const ISO = new SecondText((iso) => iso.slice(0, 20));
const NCSA = new SecondText((iso) => {
  const month = MONTHS[Number(iso.slice(5, 7)) - 1] ?? "";
  return `${iso.slice(8, 10)}/${month}/${iso.slice(0, 4)}:${iso.slice(11, 19)} +0000`;
});

/** `2026-11-29T12:00:00.042Z`. `wallMs`: a whole number of ms since 1970. */
export function putIso(wallMs: number, bytes: LineBytes): void {
  const second = Math.floor(wallMs / 1_000);
  bytes.ascii(ISO.of(second));
  bytes.threeDigits(wallMs - second * 1_000);
  bytes.ascii("Z");
}

/** `29/Nov/2026:12:00:00 +0000`, as in NCSA's formats. `wallMs`: ms since 1970. */
export function putNcsa(wallMs: number, bytes: LineBytes): void {
  bytes.ascii(NCSA.of(Math.floor(wallMs / 1_000)));
}
