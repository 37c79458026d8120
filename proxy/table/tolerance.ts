/** Each rule of HTTP that a service may let messages break, as one bit of a set. */
export const TOLERATED = {
  "chunk-size-padding": 1,
  "content-length-with-chunked": 2,
  "equal-content-length-twice": 4,
  "raw-utf8-target": 8,
  "websocket-key": 16,
} as const;

/** A rule's name, as `tolerate` has it. docs/http.md says what each of them risks. */
export type Tolerance = keyof typeof TOLERATED;

/** All names. */
export const TOLERANCES = Object.keys(TOLERATED) as readonly Tolerance[];

/** The set of these rules. */
export function toleranceSet(names: readonly Tolerance[]): number {
  return names.reduce<number>((set, name) => set | TOLERATED[name], 0);
}

/** The first rule that is broken and not tolerated. undefined: none is. */
export function intolerable(broken: number, tolerated: number): Tolerance | undefined {
  const rest = broken & ~tolerated;
  return rest === 0 ? undefined : TOLERANCES.find((name) => (rest & TOLERATED[name]) !== 0);
}
