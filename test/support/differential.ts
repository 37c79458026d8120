import { METHODS } from "node:http";
import { expect } from "vitest";
import type { Reading } from "./llhttp.ts";
import type { Stream } from "./messages.ts";

/** Nothing special about it, neither for us nor for llhttp. */
const KNOWN = "PURGE";

/**
 * What llhttp can be asked about: it knows only a few methods, so others become one that it knows,
 * in the bytes and in what we made of them. There is nothing else that it could read differently.
 */
export function withMethodsKnown(
  bytes: Buffer,
  ours: Stream,
): { readonly bytes: Buffer; readonly ours: Stream } {
  const pieces: Buffer[] = [];
  let from = 0;
  const readings = ours.readings.map((reading, index) => {
    const [method = ""] = reading.start.split(" ", 1);
    if (METHODS.includes(method)) return reading;
    const at = ours.starts[index] ?? 0;
    pieces.push(bytes.subarray(from, at), Buffer.from(KNOWN));
    from = at + method.length;
    return { ...reading, start: KNOWN + reading.start.slice(method.length) };
  });
  return { bytes: Buffer.concat([...pieces, bytes.subarray(from)]), ours: { ...ours, readings } };
}

/**
 * Expects llhttp to have read every message that we took, as we did. Nothing is asked about what we
 * refused, or what came after it. It may have trailers that we drop.
 */
export function expectSameReading(ours: Stream, theirs: readonly Reading[]): void {
  for (const [index, reading] of ours.readings.entries()) {
    const other = theirs[index];
    const isRefusedInBody = reading.complete === false && ours.refused !== undefined;
    if (isRefusedInBody || reading.complete === undefined) {
      expect({ start: other?.start, fields: other?.fields }).toEqual({
        start: reading.start,
        fields: reading.fields,
      });
      continue;
    }
    expect(other && { ...other, trailers: kept(other.trailers, reading.trailers) }).toEqual(
      reading,
    );
  }
  if (ours.refused === undefined && ours.goesOn) {
    expect(theirs).toHaveLength(ours.readings.length);
  }
}

/** The trailers of `theirs` that are in `ours` too, if they come in the same order. */
function kept(theirs: readonly string[], ours: readonly string[]): readonly string[] {
  const left = [...ours];
  for (let at = 0; at < theirs.length && left.length > 0; at += 2) {
    if (theirs[at] === left[0] && theirs[at + 1] === left[1]) {
      left.splice(0, 2);
    }
  }
  return left.length === 0 ? ours : theirs;
}
