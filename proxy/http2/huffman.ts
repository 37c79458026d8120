import { HUFFMAN_LENGTHS } from "./hpack-tables.ts";

/** The symbol that no string may contain (RFC 7541 section 5.2). */
const END = 256;
/** What is padded at the end is shorter than a byte. */
const PADDING_BITS_MAX = 7;

// A step is the next state in the low bits, the byte that is decoded above it, and these.
const BYTE_SHIFT = 16;
const EMITS = 1 << 24;
const FAILS = 1 << 25;

const CODES = canonicalCodes();
const { STEPS, ENDS } = buildDecoder();

/**
 * Decodes bytes[from, to) into `into`, which has room for 8/5 as many. Returns how many bytes that
 * were. -1: not a valid encoding (RFC 7541 section 5.2): it contains the end's code, or its padding
 * has 8 bits or more, or zeros.
 */
export function huffmanDecode(bytes: Buffer, from: number, to: number, into: Buffer): number {
  let state = 0;
  let length = 0;
  let step = 0;
  for (let at = from; at < to; at += 1) {
    const byte = bytes[at] as number;
    step = STEPS[(state << 4) | (byte >>> 4)] as number;
    if (step >= EMITS) {
      if (step >= FAILS) return -1;
      into[length] = step >>> BYTE_SHIFT;
      length += 1;
    }
    step = STEPS[((step & 0xffff) << 4) | (byte & 15)] as number;
    if (step >= EMITS) {
      if (step >= FAILS) return -1;
      into[length] = step >>> BYTE_SHIFT;
      length += 1;
    }
    state = step & 0xffff;
  }
  return ENDS[state] === 1 ? length : -1;
}

/** How many bytes the latin1 text takes when it is encoded. */
export function huffmanLength(text: string): number {
  let bits = 0;
  for (let at = 0; at < text.length; at += 1) {
    bits += HUFFMAN_LENGTHS[text.charCodeAt(at)] as number;
  }
  return (bits + 7) >>> 3;
}

/** The encoded bytes of the latin1 text, as latin1 text. */
export function huffmanEncode(text: string): string {
  let out = "";
  let held = 0;
  let count = 0;
  for (let at = 0; at < text.length; at += 1) {
    const byte = text.charCodeAt(at);
    const length = HUFFMAN_LENGTHS[byte] as number;
    // Up to 30 bits onto up to 7: too many for 32-bit shifts, but exact.
    held = held * 2 ** length + (CODES[byte] as number);
    count += length;
    while (count >= 8) {
      count -= 8;
      const unit = 2 ** count;
      const whole = Math.floor(held / unit);
      out += String.fromCharCode(whole);
      held -= whole * unit;
    }
  }
  return count === 0 ? out : out + String.fromCharCode((held << (8 - count)) | (0xff >>> count));
}

/** Codes by symbol, each the one after the last, longer ones with zeros behind it. */
function canonicalCodes(): readonly number[] {
  const codes = Array.from(HUFFMAN_LENGTHS, () => 0);
  const order = HUFFMAN_LENGTHS.map((_, symbol) => symbol).toSorted(
    (one, other) => lengthOf(one) - lengthOf(other) || one - other,
  );
  let code = 0;
  let length = lengthOf(order[0] as number);
  for (const symbol of order) {
    code *= 2 ** (lengthOf(symbol) - length);
    length = lengthOf(symbol);
    codes[symbol] = code;
    code += 1;
  }
  return codes;
}

function lengthOf(symbol: number): number {
  return HUFFMAN_LENGTHS[symbol] as number;
}

/** A place in the tree of codes. */
type Branch = {
  readonly next: [Branch | undefined, Branch | undefined];
  symbol: number;
  state: number;
  readonly depth: number;
  readonly isAllOnes: boolean;
};

/** For each inner branch as a state and each half of a byte, what comes of it. */
function buildDecoder(): { readonly STEPS: Uint32Array; readonly ENDS: Uint8Array } {
  const root = branchAt(0, true);
  for (const [symbol, code] of CODES.entries()) plant(root, symbol, code);
  const inner = numbered(root);
  const steps = new Uint32Array(inner.length * 16);
  const ends = new Uint8Array(inner.length);
  for (const from of inner) {
    // What the last byte leaves over must be the beginning of the end's code, which is all ones.
    ends[from.state] = from.isAllOnes && from.depth <= PADDING_BITS_MAX ? 1 : 0;
    for (let half = 0; half < 16; half += 1) {
      steps[from.state * 16 + half] = stepFrom(root, from, half);
    }
  }
  return { STEPS: steps, ENDS: ends };
}

function branchAt(depth: number, isAllOnes: boolean): Branch {
  return { next: [undefined, undefined], symbol: -1, state: -1, depth, isAllOnes };
}

function plant(root: Branch, symbol: number, code: number): void {
  let branch = root;
  for (let bit = lengthOf(symbol) - 1; bit >= 0; bit -= 1) {
    const side = ((code >>> bit) & 1) as 0 | 1;
    branch.next[side] ??= branchAt(branch.depth + 1, branch.isAllOnes && side === 1);
    branch = branch.next[side];
  }
  branch.symbol = symbol;
}

/** All branches that are no leaves, with their numbers; the root is 0. */
function numbered(root: Branch): readonly Branch[] {
  const inner = [root];
  for (const branch of inner) {
    branch.state = inner.indexOf(branch);
    inner.push(
      ...(branch.next.filter((next) => next !== undefined && next.symbol === -1) as Branch[]),
    );
  }
  return inner;
}

function stepFrom(root: Branch, from: Branch, half: number): number {
  let branch = from;
  let emitted = 0;
  for (let bit = 3; bit >= 0; bit -= 1) {
    const next = branch.next[((half >>> bit) & 1) as 0 | 1];
    if (next === undefined || next.symbol === END) return FAILS;
    branch = next;
    if (next.symbol !== -1) {
      // The shortest code has 5 bits: at most one symbol in a half.
      emitted = EMITS | (next.symbol << BYTE_SHIFT);
      branch = root;
    }
  }
  return emitted | branch.state;
}
