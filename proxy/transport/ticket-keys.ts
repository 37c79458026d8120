import { nodeCrypto } from "../base/node-tls.ts";

/** Length of each of a key's three parts in OpenSSL, and of the initialization vector. */
const PART_BYTES = 16;
const KEY_BYTES = 3 * PART_BYTES;

type TicketKey = { readonly name: Buffer; readonly hmac: Buffer; readonly aes: Buffer };

/** What becomes of a ticket: refused, accepted, or accepted and replaced by a fresh one. */
const REFUSED = 0;
const TAKEN = 1;
const TAKEN_AND_RENEWED = 2;

const NONE = Buffer.alloc(PART_BYTES);

/** Node's SSL_CTX. What it has for tickets is undocumented. */
type TicketContext = {
  /** Must return five values, or Node ends the process. `isNew`: a ticket is made, not read. */
  onticketkeycallback?: (name: Buffer, iv: Buffer, isNew: boolean) => unknown[];
  enableTicketKeyCallback?: () => void;
};

/**
 * The keys that seal session tickets. All workers share them, so that a session can be resumed at
 * any of them and at their successors. The newest seals; older ones still open.
 */
export class TicketKeys {
  /** Empty: no context has needed one yet. */
  #keys: readonly TicketKey[] = [];

  /**
   * `keys`: as in TlsMaterial. If there are none, the present keys stay. @throws Error if one does
   * not have the right length
   */
  replace(keys: readonly string[]): void {
    if (keys.length === 0) return;
    this.#keys = keys.map((key) => keyOf(Buffer.from(key, "base64")));
  }

  /**
   * From now on these keys seal the tickets of this context. In a Node without ticket callbacks,
   * the context keeps a key of its own.
   */
  serve(context: object): void {
    const inner = (context as { readonly context: TicketContext }).context;
    if (inner.enableTicketKeyCallback === undefined) return;
    if (this.#keys.length === 0) this.#keys = [keyOf(nodeCrypto().randomBytes(KEY_BYTES))];
    inner.onticketkeycallback = (name, _iv, isNew) => (isNew ? this.#seal() : this.#open(name));
    inner.enableTicketKeyCallback();
  }

  #seal(): unknown[] {
    const { name, hmac, aes } = this.#keys[0] as TicketKey;
    return [TAKEN, hmac, aes, name, nodeCrypto().randomBytes(PART_BYTES)];
  }

  #open(name: Buffer): unknown[] {
    const at = this.#keys.findIndex((key) => key.name.equals(name));
    const key = this.#keys[at];
    if (key === undefined) return [REFUSED, NONE, NONE, NONE, NONE];
    return [at === 0 ? TAKEN : TAKEN_AND_RENEWED, key.hmac, key.aes, key.name, NONE];
  }
}

function keyOf(bytes: Buffer): TicketKey {
  if (bytes.length !== KEY_BYTES) {
    throw new Error(`Cannot use ticket key: wanted ${KEY_BYTES} bytes, found ${bytes.length}`);
  }
  const part = (index: number): Buffer =>
    bytes.subarray(index * PART_BYTES, (index + 1) * PART_BYTES);
  return { name: part(0), hmac: part(1), aes: part(2) };
}
