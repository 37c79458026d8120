import { hexWord } from "../base/random.ts";
import type { Random } from "../base/random.ts";
import { hash32, mix32 } from "./hash.ts";
import type { ServiceTable } from "./service-table.ts";
import type { VersionTable } from "./version-table.ts";

/**
 * Tries to find a key for a new session: all of them miss a share of 5 % once in 30 000 times. Then
 * the session merely starts on another version.
 */
const KEY_TRIES_MAX = 200;

/**
 * The version that a key sticks to: weighted rendezvous hashing. Each version with a weight scores
 * -weight / ln(u), where u in (0, 1) comes from hash(salt, key, version); the highest score wins,
 * the first listed among equals. A key's winner has probability weight / sum, raising a weight
 * moves keys only to that version, lowering it only away from it, for any number of versions; and
 * every process gives the same answer without talking to another.
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
export function pickByKey(service: ServiceTable, key: string): VersionTable | undefined {
  const owner = highestScore(service, key, false);
  if (!owner || owner.keyedWeight > 0) return owner;
  const { stable } = service;
  return stable.snapshot.state === "maint" ? highestScore(service, key, true) : stable;
}

/**
 * A fresh affinity key for a new session, as the value of a cookie: 16 hexadecimal digits. It
 * belongs to a version in state ready, so that it stays there when other versions change their
 * state. As in `newWeights`, the share of versions that are not ready goes to stable when that is.
 * If no key of a ready version turns up, because none has a weight, it returns any key: a session
 * on a draining version is better than none.
 */
export function newAffinityKey(service: ServiceTable, random: Random): string {
  let key = "";
  let readyKey: string | undefined;
  let onlyStable = false;
  for (let tries = 0; tries < KEY_TRIES_MAX; tries += 1) {
    key = hexWord(random) + hexWord(random);
    const owner = highestScore(service, key, false);
    const isReady = owner?.snapshot.state === "ready";
    if (isReady && (!onlyStable || owner === service.stable)) return key;
    if (isReady) readyKey = key;
    else onlyStable = isReadyWithWeight(service.stable);
  }
  return readyKey ?? key;
}

function isReadyWithWeight(version: VersionTable): boolean {
  return version.snapshot.state === "ready" && version.weight > 0;
}

function highestScore(
  service: ServiceTable,
  key: string,
  withoutMaint: boolean,
): VersionTable | undefined {
  const high = hash32(key, service.keySeeds.high);
  const low = hash32(key, service.keySeeds.low);
  let winner: VersionTable | undefined;
  let highest = 0;
  for (const version of service.versions) {
    const weight = withoutMaint ? version.keyedWeight : version.weight;
    if (weight <= 0) continue;
    const versionHigh = mix32(high ^ version.hash);
    const score = -weight / Math.log(uniform(versionHigh, mix32(low ^ versionHigh)));
    if (score > highest) {
      highest = score;
      winner = version;
    }
  }
  return winner;
}

/** 52 bits and a half: strictly between 0 and 1, so that its logarithm is finite and not 0. */
function uniform(high: number, low: number): number {
  return ((high >>> 6) * 2 ** 26 + (low >>> 6) + 0.5) / 2 ** 52;
}
