import type { Random } from "../../proxy/base/random.ts";

/** Rounds until the seed has affected every bit. */
const WARM_UP = 16;

/**
 * A random number generator (Doty-Humphrey's sfc32) with 128 bits of state, which keep apart the
 * sequences of the tens of thousands of simulated rollouts.
 */
export function sfc32(seed: number): Random {
  let a = 0x9e3779b9 ^ seed;
  let b = 0x243f6a88 ^ Math.imul(seed, 0x85ebca6b);
  let c = 0xb7e15162 ^ Math.imul(seed, 0xc2b2ae35);
  let counter = 1;
  const next = (): number => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return (sum >>> 0) / 4294967296;
  };
  for (let round = 0; round < WARM_UP; round += 1) next();
  return { next };
}
