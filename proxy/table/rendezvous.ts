import type { Random } from "../base/random.ts";
import { hash32, mix32 } from "./hash.ts";
import type { SplitPlace } from "./split-place.ts";
import type { ServiceTable } from "./service-table.ts";
import type { VersionTable } from "./version-table.ts";

/**
 * Tries to find a place in any ready version: all of them miss a share of 5 % once in 30 000 times.
 * Then the session merely starts on another version.
 */
const READY_TRIES_MAX = 200;

/**
 * Tries to find a place in one version. As many as there are versions do on average, because a
 * version is looked for as rarely as its places are rare. All miss less than one session in 10 000,
 * whatever the weights: share × (1 - share) ^ tries.
 */
const VERSION_TRIES_MAX = 4_096;

/**
 * The version of a place: weighted rendezvous hashing. Each version with a weight scores
 * -weight / ln(u), where u in (0, 1) comes from hash(salt, key, version), of which the place is the
 * part without the version; the highest score wins, the first listed among equals. A key's winner
 * has probability weight / sum, raising a weight moves keys only to that version, lowering it only
 * away from it, for any number of versions; and every process gives the same answer without talking
 * to another.
 *
 * States: a version in drain keeps its keys, which are the pinned sessions. A version in maint
 * keeps none: they go to stable. Stable's own keys go to the others by their weights, because the
 * operator has asked for that. In both cases no other key moves, and the keys come back when the
 * state does.
 *
 * undefined: no version has a weight, or none may take the key. Allocates nothing.
 *
 * Sources: Thaler and Ravishankar, "Using name-based mappings to increase hit rates" (1998); the
 * weights: Schindelhauer and Schomaker, "Weighted distributed hash tables" (2005), and
 * draft-ietf-bess-weighted-hrw.
 */
export function pickByPlace(
  service: ServiceTable,
  place: Readonly<SplitPlace>,
): VersionTable | undefined {
  const owner = highestScore(service, place, false);
  if (!owner || owner.keyedWeight > 0) return owner;
  const { stable } = service;
  return stable.snapshot.state === "maint" ? highestScore(service, place, true) : stable;
}

/** The version that a key sticks to: that of its place. */
export function pickByKey(service: ServiceTable, key: string): VersionTable | undefined {
  const place = { high: 0, low: 0 };
  placeOfKey(service, key, place);
  return pickByPlace(service, place);
}

/** Puts the place of a key into `place`. Allocates nothing. */
export function placeOfKey(service: ServiceTable, key: string, place: SplitPlace): void {
  place.high = hash32(key, service.keySeeds.high);
  place.low = hash32(key, service.keySeeds.low);
}

/**
 * Puts a place for a new session into `place`, at random: one of `picked`, which the service's
 * sequence has chosen, so that new sessions are divided as exactly as requests without a key. If
 * that has no place (stable at weight 0 that is given the share of a drain), it is one of another
 * version in state ready, so that the session stays there when other versions change their state.
 * If no place of a ready version turns up, because none has a weight, it is any place: a session on
 * a draining version is better than none.
 */
export function newPlace(
  service: ServiceTable,
  picked: VersionTable | undefined,
  random: Random,
  place: SplitPlace,
): void {
  if (picked !== undefined && placeIn(picked, service, random, place)) return;
  for (let tries = 0; tries < READY_TRIES_MAX; tries += 1) {
    drawPlace(random, place);
    if (highestScore(service, place, false)?.snapshot.state === "ready") return;
  }
}

/** Puts a random place of `version` into `place`. false: it has none, or none was found. */
export function placeIn(
  version: VersionTable,
  service: ServiceTable,
  random: Random,
  place: SplitPlace,
): boolean {
  for (let tries = 0; tries < VERSION_TRIES_MAX && version.weight > 0; tries += 1) {
    drawPlace(random, place);
    if (highestScore(service, place, false) === version) return true;
  }
  return false;
}

function drawPlace(random: Random, place: SplitPlace): void {
  place.high = (random.next() * 2 ** 32) | 0;
  place.low = (random.next() * 2 ** 32) | 0;
}

function highestScore(
  service: ServiceTable,
  { high, low }: Readonly<SplitPlace>,
  withoutMaint: boolean,
): VersionTable | undefined {
  let winner: VersionTable | undefined;
  let highest = 0;
  for (const version of service.versions) {
    const weight = withoutMaint ? version.keyedWeight : version.weight;
    if (weight <= 0) continue;
    const score = scoreAt(high, low, version.hash, weight);
    if (score > highest) {
      highest = score;
      winner = version;
    }
  }
  return winner;
}

/**
 * The score at the place (`high`, `low`) of who has this weight and whose name has this hash: the
 * place goes to who has the highest.
 */
export function scoreAt(high: number, low: number, hash: number, weight: number): number {
  const ownHigh = mix32(high ^ hash);
  return -weight / Math.log(uniform(ownHigh, mix32(low ^ ownHigh)));
}

/** 52 bits and a half: strictly between 0 and 1, so that its logarithm is finite and not 0. */
function uniform(high: number, low: number): number {
  return ((high >>> 6) * 2 ** 26 + (low >>> 6) + 0.5) / 2 ** 52;
}
