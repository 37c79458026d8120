import type { RequestHead } from "../http1/request-head.ts";
import type { BufferBudget } from "./buffer-budget.ts";

/**
 * Decides how long a request is kept for its body to be whole, and counts what that takes. One for
 * each exchange, reused.
 */
export class BodyCollector {
  readonly #head: RequestHead;
  readonly #budget: BufferBudget;
  #onCollected: (() => void) | undefined;
  #max = 0;
  /** Bytes of the worker's budget. */
  #used = 0;
  /** What is whole before it is sent goes with its length. */
  isWanted = false;

  constructor(head: RequestHead, budget: BufferBudget) {
    this.#head = head;
    this.#budget = budget;
  }

  /** Nothing is kept, nor is the next request. */
  clear(): void {
    this.isWanted = false;
    this.#stop();
  }

  /** It waits for more. */
  get isActive(): boolean {
    return this.#onCollected !== undefined;
  }

  /**
   * Begins to wait for the rest of a body, up to `bytesMax` bytes. false: there is nothing to wait
   * for, or more than that to come, or a client that must hear from the endpoint first.
   */
  begins(isWhole: boolean, bytesMax: number, onCollected: () => void): boolean {
    const { upgrade, expectsContinue, contentLength } = this.#head;
    if (upgrade !== undefined) return false;
    this.isWanted = true;
    if (isWhole || expectsContinue || contentLength > bytesMax) return false;
    if (!this.#budget.hasRoom) return false;
    this.#max = bytesMax;
    this.#onCollected = onCollected;
    return true;
  }

  /** So many bytes are kept by now. Tells when that is all of it, or enough. */
  more(bytes: number, isWhole: boolean): void {
    const onCollected = this.#onCollected;
    this.#budget.use(bytes - this.#used);
    this.#used = bytes;
    if (!isWhole && bytes < this.#max && this.#budget.hasRoom) return;
    this.#stop();
    onCollected?.();
  }

  #stop(): void {
    this.#onCollected = undefined;
    this.#budget.give(this.#used);
    this.#used = 0;
  }
}
