import { followsHead, readAuditEntry } from "./audit-entry.ts";
import type { AuditEntry, AuditHead } from "./audit-entry.ts";

/**
 * How far back beyond the noted end the chain is looked at: some ten thousand changes, in less than
 * a second. `sluice audit --verify` reads all of it.
 */
const LOOK_BACK_CHARACTERS_MAX = 16 * 1024 ** 2;

/**
 * Why a log is not the one whose end somebody has noted, in words for operators; it may have gone
 * on since. undefined: it is that one, as far back as was looked. `linesBack`: the newest line
 * first.
 */
export async function contradictionOf(
  linesBack: AsyncIterable<string>,
  noted: AuditHead,
): Promise<string | undefined> {
  if (noted.sequence === 0) return undefined;
  let next: AuditEntry | undefined;
  let older = 0;
  for await (const line of linesBack) {
    const entry = readAuditEntry(line);
    if (entry === undefined) continue;
    const flaw = flawOf(entry, next, noted);
    if (flaw !== undefined) return flaw;
    if (entry.sequence < noted.sequence) older += line.length;
    if (older > LOOK_BACK_CHARACTERS_MAX) return undefined;
    next = entry;
  }
  if (next === undefined) return `wanted ${noted.sequence} entries or more, found none`;
  if (next.sequence <= noted.sequence) return undefined;
  return `wanted entry ${noted.sequence}, found none before ${next.sequence}`;
}

function flawOf(
  entry: AuditEntry,
  next: AuditEntry | undefined,
  noted: AuditHead,
): string | undefined {
  const { sequence, hash } = entry;
  if (next === undefined && sequence < noted.sequence) {
    return `wanted ${noted.sequence} entries or more, found that it ends with ${sequence}`;
  }
  if (sequence === noted.sequence && hash !== noted.hash) {
    return `wanted entry ${sequence} with hash ${noted.hash}, found ${hash}`;
  }
  if (next === undefined) {
    const before = { sequence: sequence - 1, hash: entry.previousHash };
    return followsHead(entry, before) ? undefined : `entry ${sequence} does not have its own hash`;
  }
  if (followsHead(next, entry)) return undefined;
  return `wanted entry ${next.sequence} to be tied to entry ${sequence}, found that it is not`;
}
