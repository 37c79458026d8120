/** Divides a rate in proportion to what each holds, or equally if nobody holds anything. */
export function partsOf(rate: number, held: readonly number[]): number[] {
  const sum = held.reduce((total, each) => total + each, 0);
  return held.map((each) => (sum === 0 ? rate / held.length : (rate * each) / sum));
}
