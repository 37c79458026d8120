import { CR, DQUOTE, EQUALS, FIELD_VALUE, BACKSLASH, SEMICOLON, TOKEN } from "./bytes.ts";

/**
 * Where a reader stands in `*(";" name ["=" (token / quoted-string)])` (RFC 9112 section 7.1.1).
 */
export const Extension = {
  /** A byte that the grammar does not allow there. White space is one: llhttp refuses it, too. */
  invalid: 0,
  /** After `;`. */
  nameStart: 1,
  name: 2,
  /** After `=`. */
  valueStart: 3,
  token: 4,
  quoted: 5,
  /** After a backslash in quotes. */
  escaped: 6,
  /** After the closing quote. */
  closed: 7,
  /** At the CR that ends the line. */
  end: 8,
} as const;

/** The state after `byte`. */
export function nextExtensionState(state: number, byte: number): number {
  switch (state) {
    case Extension.nameStart:
      return TOKEN[byte] === 1 ? Extension.name : Extension.invalid;
    case Extension.name:
      if (byte === EQUALS) {
        return Extension.valueStart;
      }
      return TOKEN[byte] === 1 ? Extension.name : afterPart(byte);
    case Extension.valueStart:
      if (byte === DQUOTE) {
        return Extension.quoted;
      }
      return TOKEN[byte] === 1 ? Extension.token : Extension.invalid;
    case Extension.token:
      return TOKEN[byte] === 1 ? Extension.token : afterPart(byte);
    case Extension.quoted:
      return quotedState(byte);
    case Extension.escaped:
      return FIELD_VALUE[byte] === 1 ? Extension.quoted : Extension.invalid;
    case Extension.closed:
      return afterPart(byte);
    default:
      return Extension.invalid;
  }
}

function quotedState(byte: number): number {
  switch (byte) {
    case DQUOTE:
      return Extension.closed;
    case BACKSLASH:
      return Extension.escaped;
    default:
      return FIELD_VALUE[byte] === 1 ? Extension.quoted : Extension.invalid;
  }
}

function afterPart(byte: number): number {
  switch (byte) {
    case SEMICOLON:
      return Extension.nameStart;
    case CR:
      return Extension.end;
    default:
      return Extension.invalid;
  }
}
