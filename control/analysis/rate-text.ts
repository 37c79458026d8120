/** Three digits that count: `2.46`. */
export function briefText(value: number): string {
  return String(Number(value.toPrecision(3)));
}

/** A share of all requests, 0 … 1: `2.5 %`. */
export function shareText(share: number): string {
  return `${briefText(100 * share)} %`;
}

/** A difference of two rates, -1 … 1: `0.5 points`. */
export function pointsText(excess: number): string {
  return `${briefText(100 * excess)} points`;
}
