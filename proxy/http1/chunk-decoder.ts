import { latin1 } from "../base/latin1.ts";
import { TOLERANCES, toleranceSet } from "../table/tolerance.ts";
import { ChunkScanner } from "./chunk-scanner.ts";
import { REFUSED } from "./limits.ts";

/**
 * Removes the chunk framing from one body, for a client that does not know chunks (RFC 9112 section
 * 7.1.3). A BodyScanner reads and checks the body at the same time.
 */
export class ChunkDecoder {
  #chunks: ChunkScanner | undefined;

  /** The payload in bytes[start, end), which follows what was decoded before, as latin1 text. */
  decode(bytes: Buffer, start: number, end: number): string {
    const chunks = (this.#chunks ??= lenientScanner());
    let payload = "";
    let at = start;
    while (at !== REFUSED && at < end && !chunks.isDone) {
      at = chunks.read(bytes, at, end);
      if (chunks.payloadEnd > chunks.payloadStart) {
        payload += latin1(bytes, chunks.payloadStart, chunks.payloadEnd);
      }
    }
    return payload;
  }
}

/** What may not be, the BodyScanner has refused. */
function lenientScanner(): ChunkScanner {
  const chunks = new ChunkScanner();
  chunks.begin(false, toleranceSet(TOLERANCES));
  return chunks;
}
