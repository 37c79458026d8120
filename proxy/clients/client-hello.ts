/** A record of the handshake, and its ClientHello (RFC 8446 sections 5.1 and 4). */
const HANDSHAKE_RECORD = 22;
const CLIENT_HELLO = 1;
const RECORD_HEAD = 5;
const MESSAGE_HEAD = 4;

/** Longest plaintext of a record (RFC 8446 section 5.1). */
const RECORD_BYTES_MAX = 2 ** 14;

/**
 * Longest beginning of a connection that is read for a name. Hellos of today have up to 2 KiB, with
 * keys against quantum computers; a long ticket adds some more.
 */
export const HELLO_BYTES_MAX = 16 * 1024;

/** Records of one hello: a client that cuts it into more wants to cost us time. */
const RECORDS_MAX = 16;

const SERVER_NAME_EXTENSION = 0;
const HOST_NAME = 0;

/** A host name as DNS has it; one without a dot too. An address is none (RFC 6066 section 3). */
const NAME = /^(?!\d+(?:\.\d+){3}$)[\w-]{1,63}(?:\.[\w-]{1,63})*$/;

/** What the first bytes of a connection are. */
export type ClientHello =
  /** `serverName`: in lower case. "": it asks for none. */
  | { readonly kind: "read"; readonly serverName: string }
  /** It goes on in bytes that are still to come. */
  | { readonly kind: "more" }
  /** It is none. */
  | { readonly kind: "invalid" };

const MORE: ClientHello = { kind: "more" };
const INVALID: ClientHello = { kind: "invalid" };

/**
 * Reads which name a client asks for (SNI, RFC 6066 section 3) in the ClientHello that `bytes`
 * begin with, in one record or several. Nothing else of it is judged: that is its server's work.
 */
export function readClientHello(bytes: Buffer): ClientHello {
  const message = messageIn(bytes);
  if (message === "more") return bytes.length < HELLO_BYTES_MAX ? MORE : INVALID;
  if (message === "invalid") return INVALID;
  const serverName = new Fields(message).serverName();
  return serverName === undefined ? INVALID : { kind: "read", serverName };
}

/** The body of the ClientHello, put together from its records. */
function messageIn(bytes: Buffer): Buffer | "more" | "invalid" {
  const parts: Buffer[] = [];
  let have = 0;
  let need = MESSAGE_HEAD;
  for (let at = 0; have < need && at < bytes.length;) {
    if (bytes[at] !== HANDSHAKE_RECORD || parts.length === RECORDS_MAX) return "invalid";
    if (bytes.length - at < RECORD_HEAD) return "more";
    const length = bytes.readUInt16BE(at + 3);
    if (bytes[at + 1] !== 3 || length === 0 || length > RECORD_BYTES_MAX) return "invalid";
    const part = bytes.subarray(at + RECORD_HEAD, at + RECORD_HEAD + length);
    parts.push(part);
    have += part.length;
    at += RECORD_HEAD + length;
    if (have >= MESSAGE_HEAD) need = MESSAGE_HEAD + bodyLength(parts);
    if (need > HELLO_BYTES_MAX) return "invalid";
  }
  return have < need ? "more" : Buffer.concat(parts).subarray(MESSAGE_HEAD, need);
}

/** What the head of the message says of its length. Infinity: it is another message. */
function bodyLength([first = Buffer.alloc(0), ...others]: readonly Buffer[]): number {
  const head = first.length >= MESSAGE_HEAD ? first : Buffer.concat([first, ...others]);
  return head[0] === CLIENT_HELLO ? head.readUIntBE(1, 3) : Infinity;
}

/** Reads a message field by field. Whatever reaches beyond its end makes it invalid. */
class Fields {
  readonly #bytes: Buffer;
  #at = 0;
  #isValid = true;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** Of a whole ClientHello. "": it asks for none. undefined: it is invalid. */
  serverName(): string | undefined {
    // Version and random; session id; ciphers; compression.
    this.#skip(2 + 32);
    this.#vector(1);
    this.#vector(2);
    this.#vector(1);
    // TLS 1.2 allows a hello without extensions (RFC 5246 section 7.4.1.2).
    const list = this.#isEnd ? new Fields(Buffer.alloc(0)) : new Fields(this.#vector(2));
    const name = this.#isValid && this.#isEnd ? list.#nameInExtensions() : undefined;
    return list.#isValid ? name : undefined;
  }

  #nameInExtensions(): string | undefined {
    let name = "";
    while (this.#isValid && !this.#isEnd) {
      const type = this.#number(2);
      const content = this.#vector(2);
      if (type !== SERVER_NAME_EXTENSION) continue;
      const found = new Fields(content).#nameInList();
      if (found === undefined || name !== "") return undefined;
      name = found;
    }
    return name;
  }

  /** A list of names has one, as there is one kind of them (RFC 6066 section 3). */
  #nameInList(): string | undefined {
    const list = new Fields(this.#vector(2));
    const type = list.#number(1);
    const name = list.#vector(2).toString("latin1").toLowerCase();
    const isOne = this.#isValid && this.#isEnd && list.#isValid && list.#isEnd;
    return isOne && type === HOST_NAME && NAME.test(name) ? name : undefined;
  }

  get #isEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  #skip(count: number): void {
    this.#at += count;
    if (this.#at > this.#bytes.length) this.#isValid = false;
  }

  #number(size: 1 | 2): number {
    const start = this.#at;
    this.#skip(size);
    return this.#isValid ? this.#bytes.readUIntBE(start, size) : 0;
  }

  /** What follows its own length in `size` bytes. */
  #vector(size: 1 | 2): Buffer {
    const length = this.#number(size);
    const start = this.#at;
    this.#skip(length);
    return this.#bytes.subarray(start, this.#at);
  }
}
