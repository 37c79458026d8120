import { TOLERATED } from "../table/tolerance.ts";
import { CR, HEX_VALUE, LF, SEMICOLON, isBlank, isHexDigit } from "./bytes.ts";
import { Extension, nextExtensionState } from "./chunk-extension.ts";
import {
  CHUNK_EXTENSIONS_BYTES_MAX,
  CHUNK_EXTENSION_BYTES_MAX,
  CHUNK_SIZE_DIGITS_MAX,
  MORE,
  REFUSED,
} from "./limits.ts";
import { REFUSALS } from "./refusal.ts";
import type { Refusal, RejectReason } from "./refusal.ts";
import { TrailerSection } from "./trailer-section.ts";

/** What the next byte belongs to. Plain numbers: looked at for every byte of framing. */
const SIZE = 0;
const EXTENSION = 1;
const SIZE_LF = 2;
const DATA_CR = 3;
const DATA_LF = 4;
const FINAL_CR = 5;
const FINAL_LF = 6;
/** Blanks between a size and the end of its line, or its extension. */
const PADDING = 7;
/** The states from here on are not about single bytes of framing. */
const DATA = 8;
/** After the last chunk's line: the empty line or the first trailer. */
const AFTER_LAST = 9;
const TRAILERS = 10;
const DONE = 11;

/** Reads a chunked body (RFC 9112 section 7.1) up to its very end, trailers included. */
export class ChunkScanner {
  /** Why read() returned REFUSED. */
  refusal: Refusal | undefined;
  /** The payload that the last read() passed: bytes[payloadStart, payloadEnd). */
  payloadStart = 0;
  payloadEnd = 0;
  /** How far the bytes of the last read() may be passed on as they are. */
  forwardEnd = 0;

  #part = SIZE;
  #digits = 0;
  /** The size of the chunk, then what is still to come of its data. */
  #size = 0;
  #extension: number = Extension.nameStart;
  #extensionBytes = 0;
  #extensionBytesOfAll = 0;
  #keepsTrailers = false;
  #tolerated = 0;
  #trailers: TrailerSection | undefined;

  /**
   * Before a new body. `keepsTrailers`: false drops all fields after the last chunk. `tolerated`:
   * the rules that it may break, a set of TOLERATED.
   */
  begin(keepsTrailers: boolean, tolerated: number): void {
    this.#tolerated = tolerated;
    this.refusal = undefined;
    this.#keepsTrailers = keepsTrailers;
    this.#extensionBytesOfAll = 0;
    this.#trailers = undefined;
    this.#beginChunk();
  }

  /** The body has ended. */
  get isDone(): boolean {
    return this.#part === DONE;
  }

  /** The trailer section that replaces the one sent. "": none, or it may stay as sent. */
  get tail(): string {
    return this.#trailers?.text ?? "";
  }

  /**
   * Reads on in bytes[start, end) up to the end of the first run of payload, of the body, or of the
   * bytes. Returns the index past what was read, or REFUSED.
   */
  read(bytes: Buffer, start: number, end: number): number {
    this.payloadStart = start;
    this.payloadEnd = start;
    let at = start;
    for (; at < end && this.#isFraming(bytes[at] as number); at += 1) {
      if (!this.#take(bytes[at] as number)) {
        return REFUSED;
      }
    }
    this.forwardEnd = at;
    if (at === end) {
      return at;
    }
    switch (this.#part) {
      case DATA:
        return this.#readData(at, end);
      case TRAILERS:
        return this.#readTrailers(bytes, at, end);
      default:
        return at;
    }
  }

  #isFraming(byte: number): boolean {
    if (this.#part === AFTER_LAST) {
      this.#part = byte === CR ? FINAL_CR : TRAILERS;
    }
    return this.#part < DATA;
  }

  #readData(start: number, end: number): number {
    const bytes = Math.min(this.#size, end - start);
    this.#size -= bytes;
    this.#part = this.#size === 0 ? DATA_CR : DATA;
    this.payloadStart = start;
    this.payloadEnd = start + bytes;
    this.forwardEnd = start + bytes;
    return start + bytes;
  }

  /** Reads the bytes from the first trailer on: forwardEnd stays before them. */
  #readTrailers(bytes: Buffer, start: number, end: number): number {
    this.#trailers ??= new TrailerSection(this.#keepsTrailers);
    const at = this.#trailers.read(bytes, start, end);
    if (at === REFUSED) {
      this.refusal = REFUSALS["trailer-invalid"];
      return REFUSED;
    }
    if (at === MORE) {
      return end;
    }
    this.#part = DONE;
    return at;
  }

  /** Takes a byte that is neither payload nor trailer. false: it breaks a rule. */
  #take(byte: number): boolean {
    switch (this.#part) {
      case SIZE:
        return this.#takeSize(byte);
      case PADDING:
        return this.#takePadding(byte);
      case EXTENSION:
        return this.#takeExtension(byte);
      case SIZE_LF:
        return this.#expect(byte, LF, this.#size === 0 ? AFTER_LAST : DATA);
      case DATA_CR:
        return this.#expect(byte, CR, DATA_LF);
      case DATA_LF:
        this.#beginChunk();
        return this.#expect(byte, LF, SIZE);
      case FINAL_CR:
        return this.#expect(byte, CR, FINAL_LF);
      default:
        return this.#expect(byte, LF, DONE);
    }
  }

  #takeSize(byte: number): boolean {
    if (isHexDigit(byte)) {
      this.#digits += 1;
      this.#size = this.#size * 16 + (HEX_VALUE[byte] as number);
      return this.#digits <= CHUNK_SIZE_DIGITS_MAX || this.#refuse("chunk-size-invalid");
    }
    return this.#digits > 0 && isBlank(byte) ? this.#takePadding(byte) : this.#endSize(byte);
  }

  /** Blanks count as extension bytes, so that there cannot be endlessly many. */
  #takePadding(byte: number): boolean {
    if (!isBlank(byte)) return this.#endSize(byte);
    this.#part = PADDING;
    const isFine = (this.#tolerated & TOLERATED["chunk-size-padding"]) !== 0;
    return isFine ? this.#countExtensionByte() : this.#refuse("chunk-size-padding");
  }

  #endSize(byte: number): boolean {
    if (this.#digits > 0 && byte === CR) {
      this.#part = SIZE_LF;
      return true;
    }
    if (this.#digits > 0 && byte === SEMICOLON) {
      this.#part = EXTENSION;
      return this.#countExtensionByte();
    }
    return this.#refuse(byte === LF ? "bare-line-feed" : "chunk-size-invalid");
  }

  #takeExtension(byte: number): boolean {
    this.#extension = nextExtensionState(this.#extension, byte);
    switch (this.#extension) {
      case Extension.invalid:
        return this.#refuse(byte === LF ? "bare-line-feed" : "chunk-extension-invalid");
      case Extension.end:
        this.#part = SIZE_LF;
        return true;
      default:
        return this.#countExtensionByte();
    }
  }

  #countExtensionByte(): boolean {
    this.#extensionBytes += 1;
    this.#extensionBytesOfAll += 1;
    const isFine =
      this.#extensionBytes <= CHUNK_EXTENSION_BYTES_MAX &&
      this.#extensionBytesOfAll <= CHUNK_EXTENSIONS_BYTES_MAX;
    return isFine || this.#refuse("chunk-extension-too-long");
  }

  #expect(byte: number, wanted: number, part: number): boolean {
    if (byte === wanted) {
      this.#part = part;
      return true;
    }
    if (wanted === LF) {
      return this.#refuse("bare-carriage-return");
    }
    return this.#refuse(byte === LF ? "bare-line-feed" : "chunk-data-spill");
  }

  #beginChunk(): void {
    this.#part = SIZE;
    this.#digits = 0;
    this.#size = 0;
    this.#extension = Extension.nameStart;
    this.#extensionBytes = 0;
  }

  #refuse(reason: RejectReason): false {
    this.refusal = REFUSALS[reason];
    return false;
  }
}
