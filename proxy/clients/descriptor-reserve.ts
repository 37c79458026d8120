import { readFileSync } from "node:fs";
import type { Accepted } from "../transport/open-transport.ts";

/**
 * Descriptors that no client gets: connections to endpoints need some, and so does whoever has to
 * be told that there is no room. A part of what there is, within bounds.
 */
const RESERVE_PART = 8;
const RESERVE_MAX = 256;

const LIMIT = /^Max open files\s+(\d+)/m;

/**
 * The descriptor from which on a client is one too many. The system gives the lowest that is free,
 * so its number says how many are in use. `limits`: as /proc/self/limits has them. Infinity: they
 * do not say.
 */
export function firstReservedDescriptor(limits: string): number {
  const limit = Number(LIMIT.exec(limits)?.[1] ?? Infinity);
  return limit === Infinity
    ? Infinity
    : limit - Math.min(RESERVE_MAX, Math.ceil(limit / RESERVE_PART));
}

/** firstReservedDescriptor() of this process. Infinity where there is no /proc. */
export function ownFirstReservedDescriptor(): number {
  try {
    return firstReservedDescriptor(readFileSync("/proc/self/limits", "latin1"));
  } catch {
    return Infinity;
  }
}

/** The descriptor of an accepted connection. -1: it is not known. */
export function descriptorOf(accepted: Accepted): number {
  return (accepted as { readonly fd?: number }).fd ?? -1;
}
