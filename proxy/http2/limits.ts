/** Bounds of an HTTP/2 connection, each with its reason. A peer that goes over one is refused. */

/** Payload of a frame that a peer may send: what RFC 9113 section 6.5.2 starts with. */
export const FRAME_BYTES_MAX = 16 * 1024;

/** The largest value that SETTINGS_MAX_FRAME_SIZE may have (RFC 9113 section 6.5.2). */
export const PEER_FRAME_BYTES_MAX = 0xff_ffff;

/** The largest window (RFC 9113 section 6.9.1), stream identifier and GOAWAY's last stream. */
export const UINT31_MAX = 0x7fff_ffff;

/** A window before anybody has said anything (RFC 9113 section 6.9.2). */
export const WINDOW_BYTES_INITIAL = 65_535;

/**
 * What a peer may send on one stream before we have used it, to begin with: as much as a connection
 * of HTTP/1.1 has us hold whose body is not taken, one read.
 */
export const STREAM_WINDOW_BYTES = 64 * 1024;

/**
 * The same once half of that was used: a full read's worth four times, which at a round trip of
 * 10 ms is 25 MB/s.
 */
export const WIDE_WINDOW_BYTES = 256 * 1024;

/**
 * What the wider windows of a connection may have more than others, all together: five streams.
 * With 64 KiB for each stream it bounds what a connection has us hold.
 */
export const WIDENING_BYTES_MAX = 1024 * 1024;

/**
 * A connection's own window bounds nothing, as in nginx. Were it narrower than those of its streams
 * together, then bodies that nobody takes would fill it, and every other body would wait for them.
 */
export const CONNECTION_WINDOW_BYTES = 2 ** 31 - 1;

/** Streams that a client may have open: twice what RFC 9113 section 6.5.2 recommends at least. */
export const STREAMS_MAX = 200;

/** Streams that we open on a connection whose peer has not told its maximum: as Go and nghttp2. */
export const STREAMS_MAX_UNTOLD = 100;

/** Our side of the table that the peer's encoder fills: what RFC 7541 starts with. */
export const TABLE_BYTES = 4096;

/**
 * The list of a request's fields, 32 bytes added for each (RFC 9113 section 10.5.1): what HTTP/1.1
 * requests have as a head. More is answered by 431.
 */
export const REQUEST_LIST_BYTES_MAX = 32 * 1024;

/** The same for a response: upstreams are trusted, as in HTTP/1.1. */
export const RESPONSE_LIST_BYTES_MAX = 64 * 1024;

/**
 * A list that is this many times too large ends the connection: it is made of references to the
 * table, and somebody wants us to count them.
 */
export const LIST_EXCESS_MAX = 8;

/** Bytes of one header block with its continuations: no list that we take needs more. */
export const BLOCK_BYTES_MAX = RESPONSE_LIST_BYTES_MAX + FRAME_BYTES_MAX;

/** CONTINUATION frames of one block: at a full frame each, a fourth would not be needed. */
export const CONTINUATIONS_MAX = 8;

/** Lists of all open streams of a connection: 64 large ones. More streams are refused. */
export const CONNECTION_LIST_BYTES_MAX = 1024 * 1024;

/** A SETTINGS frame, whose entries have 6 bytes: seven of them mean anything to us. */
export const SETTINGS_BYTES_MAX = 32 * 6;

/** Dynamic table size updates before the fields of a block (RFC 7541 section 4.2). */
export const SIZE_UPDATES_MAX = 2;

/** Streams that we have reset, and whose late frames are therefore no offence. */
export const RESETS_REMEMBERED = 2 * STREAMS_MAX;

/** Answers to what the peer asks (SETTINGS, PING, resets) that may wait for a peer to read. */
export const CONTROL_BYTES_MAX = 32 * 1024;

/** Body of one stream that waits for a window before its source is asked to stop. */
export const PENDING_BYTES_MAX = 16 * 1024;

/** Pieces of a body from this size are worth parts of their own in a write: no copy is made. */
export const BULK_BYTES_MIN = 4 * 1024;

/** Text above it goes out before the turn ends: Node copies up to so much on its stack. */
export const TURN_BYTES_MAX = 16 * 1024;

/** How long a header block may take, in ms: until it is whole nothing else may come. */
export const BLOCK_TIMEOUT_MS = 10_000;

/** How long a peer may take to acknowledge our SETTINGS (RFC 9113 section 6.5.3), in ms. */
export const SETTINGS_TIMEOUT_MS = 10_000;
