/** Chance as an argument, so that tests can repeat it. */
export interface Random {
  /** A number in [0, 1). */
  next(): number;
}

/** The engine's own generator. Not for secrets. */
export const systemRandom: Random = { next: () => Math.random() };

/** A generator whose sequence is fixed by its 32-bit seed (mulberry32). Not for secrets. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return {
    next(): number {
      state = (state + 0x6d2b79f5) >>> 0;
      let mixed = Math.imul(state ^ (state >>> 15), state | 1);
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
    },
  };
}

/** 32 bits as eight hexadecimal digits. Not for secrets. */
export function hexWord(random: Random): string {
  return Math.floor(random.next() * 2 ** 32)
    .toString(16)
    .padStart(8, "0");
}
