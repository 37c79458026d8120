/**
 * After a last answer: how much of what the client still sends is read, and for how long, so that
 * no reset takes the answer from it (RFC 9112 section 9.6).
 */
export const LINGER_BYTES_MAX = 64 * 1024;
export const LINGER_MS = 2_000;
