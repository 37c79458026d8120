/**
 * Why a tunnel is closed (RFC 6455 7.4.1 and the IANA registry). 1001: going away, when the sidecar
 * ends. 1012: service restart, when traffic leaves its version. Clients come back after both. 1008:
 * policy violation, when intentions no longer allow it.
 */
export type CloseCode = 1001 | 1008 | 1012;

const CLOSE_FRAME = 0x88;
const MASKED = 0x80;
const CODE_BYTES = 2;

/**
 * A Close frame with this code and no text (RFC 6455 5.5.1), as latin1. `mask`: 4 random bytes, for
 * a frame that a client sends; without it the frame is a server's.
 */
export function closeFrame(code: CloseCode, mask?: Uint8Array): string {
  const payload = [code >> 8, code & 0xff];
  if (mask === undefined) return String.fromCharCode(CLOSE_FRAME, CODE_BYTES, ...payload);
  const masked = payload.map((byte, at) => byte ^ (mask[at] ?? 0));
  return String.fromCharCode(CLOSE_FRAME, MASKED | CODE_BYTES, ...mask, ...masked);
}
