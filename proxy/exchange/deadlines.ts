import type { Policy } from "../table/snapshot.ts";
import type { GrpcCall } from "./grpc-call.ts";

/** The times of one exchange, all in the wheel's monotonic milliseconds. */
export class Deadlines {
  #expiresMs = Infinity;
  /** When a body last moved. Infinity: no body is under way. */
  #movedMs = Infinity;
  /** Since when an answer is due. Infinity: it is not, or has begun. */
  #askedMs = Infinity;
  /** When nobody waits for the answer any more. Infinity: somebody does. */
  #leavesMs = Infinity;
  /** When the client itself waits no longer. Infinity: it does not say. */
  #waitsUntilMs = Infinity;
  #stallTimeoutMs = 0;
  #responseTimeoutMs = 0;

  /** Nothing expires until `begin`. */
  clear(): void {
    this.#expiresMs = Infinity;
    this.#movedMs = Infinity;
    this.#askedMs = Infinity;
    this.#leavesMs = Infinity;
    this.#waitsUntilMs = Infinity;
    this.#stallTimeoutMs = 0;
    this.#responseTimeoutMs = 0;
  }

  /**
   * The exchange has begun under this policy. A call of gRPC may be silent for as long as a tunnel:
   * that says nothing of it. Its own time runs from now on.
   */
  begin(policy: Policy, nowMs: number, call?: GrpcCall): void {
    this.#expiresMs = policy.timeoutMs > 0 ? nowMs + policy.timeoutMs : Infinity;
    this.#stallTimeoutMs = policy.stallTimeoutMs;
    this.#responseTimeoutMs = policy.responseTimeoutMs;
    if (call?.isCall !== true) return;
    call.start(nowMs);
    this.#waitsUntilMs = call.deadlineMs;
    this.#stallTimeoutMs = policy.tunnelIdleTimeoutMs;
    this.#responseTimeoutMs = policy.tunnelIdleTimeoutMs;
  }

  /** A body moved, in either direction. Returns whether none was under way before. */
  moved(nowMs: number): boolean {
    const first = this.#movedMs === Infinity;
    this.#movedMs = nowMs;
    this.#askedMs = Infinity;
    this.#leavesMs = Infinity;
    return first;
  }

  /** A time is up. Whatever is tried next has all of it, and says when it begins. */
  again(): void {
    this.#movedMs = Infinity;
    this.#askedMs = Infinity;
  }

  /**
   * No body is under way: the whole request has been sent, or waits for a connection, and it is the
   * endpoint's turn. Returns whether it was not before.
   */
  asked(nowMs: number): boolean {
    const first = this.#askedMs === Infinity;
    this.#askedMs = nowMs;
    this.#movedMs = Infinity;
    return first;
  }

  /** As asked(), when all of the request `isDone`; else as moved(). */
  requestMoved(isDone: boolean, nowMs: number): boolean {
    return isDone ? this.asked(nowMs) : this.moved(nowMs);
  }

  /** The client's FIN came before an answer. `graceMs` 0: it may wait as long as any other. */
  halfClosed(nowMs: number, graceMs: number): void {
    if (graceMs > 0) this.#leavesMs = nowMs + graceMs;
  }

  /**
   * Which time is up at `nowMs`: that which the client has set itself, of the whole exchange, of a
   * pause in a body, of the wait for an answer, or of that of a client that may have left.
   */
  passed(nowMs: number): "overdue" | "expired" | "stalled" | "unanswered" | "left" | undefined {
    if (nowMs >= this.#waitsUntilMs) return "overdue";
    if (nowMs >= this.#expiresMs) return "expired";
    if (nowMs >= this.#stallsMs()) return "stalled";
    if (nowMs >= this.#answersMs()) return "unanswered";
    return nowMs >= this.#leavesMs ? "left" : undefined;
  }

  /** When to ask again. Infinity: never. */
  nextMs(): number {
    const bodiesMs = Math.min(this.#stallsMs(), this.#answersMs());
    return Math.min(this.#waitsUntilMs, this.#expiresMs, bodiesMs, this.#leavesMs);
  }

  #stallsMs(): number {
    return this.#stallTimeoutMs > 0 ? this.#movedMs + this.#stallTimeoutMs : Infinity;
  }

  #answersMs(): number {
    return this.#responseTimeoutMs > 0 ? this.#askedMs + this.#responseTimeoutMs : Infinity;
  }
}
