import type { ConnectionHandle } from "../base/connection-handle.ts";
import type { WriteParts } from "../base/write-parts.ts";

/**
 * Text up to this size is copied by Node on its way to the kernel (StreamBase::WriteString keeps
 * 16 KiB on its stack), so the bytes it was made of may be overwritten at once.
 */
export const TEXT_BYTES_MAX = 16 * 1024;

/** Where an outgoing connection goes. */
export type ConnectTarget = (
  | { readonly host: string; readonly port: number }
  | { readonly path: string }
) & {
  /** What is said there before anything else, in clear even if TLS follows, as latin1. */
  readonly preface?: string | undefined;
};

/** What a transport tells its owner. Any call except onClose may be followed by others. */
export interface TransportHandler {
  /** An outgoing connection is established; over TLS any: its handshake is over. */
  onConnect(): void;
  /** `bytes[0, end)` arrived. They are overwritten by the next read: use or copy them now. */
  onData(bytes: Buffer, end: number): void;
  /** The peer sends no more (FIN). */
  onEnd(): void;
  /** The kernel has taken everything that was written, after `blocked` was true. */
  onFlushed(): void;
  /** The socket is gone. This is the last call. `error`: undefined after an orderly end. */
  onClose(error: Error | undefined): void;
}

/** The side that has read a chunk, as the transport that relays it sees it. */
export interface ByteSource {
  /**
   * Returns the chunk that was just read, in memory that stays unchanged until this source's next
   * read.
   */
  keep(bytes: Buffer, start: number, end: number): Buffer;
  /**
   * The bulk has ended, so it no longer needs its own memory. `taken`: everything that was relayed
   * has left it.
   */
  releaseBuffer(taken: boolean): void;
}

/**
 * A connection with the handler that hears of it; each side of an exchange is one. Opened by
 * open-transport.ts. Nothing is called back before the call that opened it has returned.
 *
 * A failed write closes a connection that was accepted. One that we opened stays `blocked` until
 * what its peer had sent is read: an answer to a request that the peer did not want to read whole.
 */
export interface Transport extends ByteSource {
  handler: TransportHandler;
  /** Bytes are waiting for the peer: stop producing until onFlushed. */
  readonly blocked: boolean;
  /** It accepts and delivers nothing more; onClose has been called or will be. */
  readonly closed: boolean;
  /** The peer's FIN has been read. */
  readonly ended: boolean;
  /**
   * That end was the peer's own word, as far as its protocol has one: over TLS a FIN alone may be
   * anybody's (RFC 9112 section 9.8). Always true in clear.
   */
  readonly endIsProven: boolean;
  /** Open both ways, and all writes have gone well. */
  readonly whole: boolean;
  /**
   * Paused, and reset by the peer, of which nobody hears before the next read. False where that
   * cannot be known (Unix sockets).
   */
  readonly lost: boolean;
  /**
   * `detach` never returns it, and who wants to leave this process ends it instead. False where
   * only this Node does not know how (SocketTransport).
   */
  readonly staysHere: boolean;
  /** `detach` would return the handle. */
  readonly detachable: boolean;

  /**
   * Sends latin1 text, in one write; in a busy worker at the end of the event loop's turn. Nothing
   * may be written before onConnect.
   */
  write(text: string): void;
  /** Sends now what waits for the end of the turn. */
  flush(): void;
  /**
   * Sends `head` and then `bytes[start, end)`, which `source` has read, in one write. Large chunks
   * are not copied again: the caller must pause `source` while this transport is blocked.
   */
  relay(source: ByteSource, head: string, bytes: Buffer, start: number, end: number): void;
  /** Stops reading. */
  pause(): void;
  /** Reads again. Costs nothing if it already does, because it is called after every exchange. */
  resume(): void;
  /** Sends what was written, then FIN. Reading continues. */
  end(): void;
  /** Closes at once; what the kernel has not taken is lost. */
  destroy(): void;
  /** Closes with a reset: the peer must not take what it has for all there is. */
  reset(): void;
  /** Has the kernel probe a peer that has been silent for this long. */
  keepAlive(afterMs: number): void;
  /**
   * Takes the connection out of this process's event loop, to be sent to another one; nothing is
   * called back any more. Unread bytes stay in the kernel. The caller closes the handle once it has
   * been sent. undefined: not now, because bytes wait to be written or an end is under way.
   */
  detach(): ConnectionHandle | undefined;
}

/** Where parts of many messages go. */
export interface PartsWriter {
  /**
   * Sends all of these in their order, in one write. Chunks are not copied again: the caller must
   * see that they stay as they are while the transport is blocked.
   */
  writeParts(parts: WriteParts): void;
}

/** A transport that is a connection of the system, so that many messages can share it. */
export interface WireTransport extends Transport {
  readonly writer: PartsWriter;
}
