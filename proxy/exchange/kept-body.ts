import { latin1 } from "../base/latin1.ts";
import type { BodyScanner } from "../http1/body-scanner.ts";

/**
 * Most bytes of a request, including its head, that are kept so that an idempotent one can be sent
 * again.
 */
const REPLAY_BYTES_MAX = 64 * 1024;

/** What is kept of a request's body, from its first byte on, as it came. */
export class KeptBody {
  text = "";
  /** It is all that has come. */
  isWhole = true;
  readonly #head: { readonly fields: { readonly text: string } };

  /** `head`: of the request. It is kept anyway, as long as its exchange lasts. */
  constructor(head: { readonly fields: { readonly text: string } }) {
    this.#head = head;
  }

  /** Before another request, and behind the last one. */
  clear(): void {
    this.text = "";
    this.isWhole = true;
  }

  /** Keeps what was scanned, however much that is. */
  keep({ forwardEnd, tail }: BodyScanner, bytes: Buffer, start: number): void {
    if (forwardEnd > start) this.text += latin1(bytes, start, forwardEnd);
    this.text += tail;
  }

  /** Keeps what was scanned as long as it may be sent again. */
  remember(scanner: BodyScanner, bytes: Buffer, start: number): void {
    const { forwardEnd, tail } = scanner;
    if (!this.isWhole) return;
    if (this.#bytes + forwardEnd - start > REPLAY_BYTES_MAX) this.#forget();
    else if (forwardEnd > start || tail !== "") this.keep(scanner, bytes, start);
  }

  /** It has been sent: what is too much for another time goes. */
  sent(): void {
    if (this.#bytes > REPLAY_BYTES_MAX) this.#forget();
  }

  get #bytes(): number {
    return this.#head.fields.text.length + this.text.length;
  }

  #forget(): void {
    this.text = "";
    this.isWhole = false;
  }
}
