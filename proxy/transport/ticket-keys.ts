import { nodeCrypto } from "../base/node-tls.ts";

/** How long OpenSSL wants each of the three parts of a key, and the vector that goes with one. */
const PART_BYTES = 16;
const KEY_BYTES = 3 * PART_BYTES;

type TicketKey = { readonly name: Buffer; readonly hmac: Buffer; readonly aes: Buffer };

/** What becomes of a ticket: refused, taken, or taken and replaced by a fresh one. */
const REFUSED = 0;
const TAKEN = 1;
const TAKEN_AND_RENEWED = 2;

const NONE = Buffer.alloc(PART_BYTES);

/** An SSL_CTX as Node has it. Its part about tickets is not documented. */
type TicketContext = {
  /** Must return all five, or Node ends the process. `isNew`: a ticket is made, not read. */
  onticketkeycallback?: (name: Buffer, iv: Buffer, isNew: boolean) => unknown[];
  enableTicketKeyCallback?: () => void;
};

/**
 * The keys that session tickets are sealed with: those of all workers, so that a session can be
 * resumed at each of them, and at those that follow. The newest seals; old ones still open.
 */
export class TicketKeys {
  /** Empty: no context has asked for one. */
  #keys: readonly TicketKey[] = [];

  /**
   * `keys`: as TlsMaterial has them. Without any, there is one of our own. @throws if one does not
   * have the right length.
   */
  replace(keys: readonly string[]): void {
    if (keys.length === 0) return;
    this.#keys = keys.map((key) => keyOf(Buffer.from(key, "base64")));
  }

  /**
   * Tickets of this context are sealed with these keys from now on. A Node without that has them
   * sealed with a key of the context's own.
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
