/** Where `hashStep` starts: the offset basis of FNV-1a. */
export const HASH_START = 0x811c9dc5 | 0;

/**
 * One step of a running hash over UTF-16 code units (FNV-1a with its 32-bit prime): for indexes
 * that must look up a part of a string without slicing it. The result is an int32.
 */
export function hashStep(hash: number, codeUnit: number): number {
  return Math.imul(hash ^ codeUnit, 0x01000193);
}

/** The running hash of `text[start, end)`. */
export function hashRange(text: string, start: number, end: number): number {
  let hash = HASH_START;
  for (let at = start; at < end; at += 1) hash = hashStep(hash, text.charCodeAt(at));
  return hash;
}

/**
 * A 32-bit hash of a string, as an int32, the same in every process: MurmurHash3_x86_32 (Appleby)
 * over blocks of two UTF-16 code units. Not for secrets.
 */
export function hash32(text: string, seed: number): number {
  const even = text.length & ~1;
  let hash = seed;
  for (let at = 0; at < even; at += 2) {
    hash ^= scramble(text.charCodeAt(at) | (text.charCodeAt(at + 1) << 16));
    hash = Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64;
  }
  if (even < text.length) hash ^= scramble(text.charCodeAt(even));
  return mix32(hash ^ text.length);
}

/** Spreads every bit of an int32 over all of it (the finaliser of MurmurHash3): a bijection. */
export function mix32(bits: number): number {
  let mixed = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}

function scramble(block: number): number {
  const mixed = Math.imul(block, 0xcc9e2d51);
  return Math.imul((mixed << 15) | (mixed >>> 17), 0x1b873593);
}
