import { isGrpc } from "../grpc/call.ts";
import { GRPC_TIMEOUT_FIELD, grpcTimeout, readGrpcTimeout } from "../grpc/timeout.ts";
import { grpcNumber, hasGrpcStatus, readGrpcStatus } from "../grpc/status.ts";
import type { GrpcStatus } from "../grpc/status.ts";
import type { DecodedFields } from "../http1/decoded-head.ts";
import { REFUSALS } from "../http1/refusal.ts";
import type { Refusal } from "../http1/refusal.ts";
import type { RequestHead } from "../http1/request-head.ts";

/** The field that says how a call went. */
const GRPC_STATUS_FIELD = "grpc-status";

/**
 * An endpoint that keeps a call's time too may end it this long before we would: clocks and timers
 * differ. Of a short call it is half of its time at most.
 */
const DUE_WITHIN_MS = 100;

/** What counts where a failure of gRPC has to be told as a status of HTTP: a 5xx. */
const FAILED_STATUS = 500;

/**
 * What an exchange is as a call of gRPC, if it is one: how long its client waits, and how it went.
 * One object for each exchange, reused.
 */
export class GrpcCall {
  /** It is one. */
  isCall = false;
  /** It is one in a version of HTTP that has no place for how it ends. */
  isMisplaced = false;
  /** How long its client waits. Infinity: it does not say. */
  timeoutMs = Infinity;
  /** When its client waits no longer, in monotonic milliseconds. Infinity: never. */
  deadlineMs = Infinity;
  /** What it ended with. undefined: that is not known, or none that gRPC has. */
  status: GrpcStatus | undefined;
  /** The statuses that count as failures: see grpcStatusSet. */
  #failures = 0;

  /** Nothing is known of the next request. */
  clear(): void {
    this.isCall = false;
    this.isMisplaced = false;
    this.timeoutMs = Infinity;
    this.deadlineMs = Infinity;
    this.status = undefined;
  }

  /** A request has come. `failures`: the statuses that its service takes for some. */
  begin(head: RequestHead, failures: number): void {
    this.clear();
    this.#failures = failures;
    if (head.method !== "POST") return;
    const isCall = isGrpc(head.header("content-type"));
    this.isCall = isCall && head.version === "2.0";
    this.isMisplaced = isCall && !this.isCall;
    const timeout = this.isCall ? head.header(GRPC_TIMEOUT_FIELD) : undefined;
    this.timeoutMs = (timeout === undefined ? undefined : readGrpcTimeout(timeout)) ?? Infinity;
  }

  /** Its time runs from now on. */
  start(nowMs: number): void {
    this.deadlineMs = nowMs + this.timeoutMs;
  }

  /** Whether an endpoint that ends it now has ended it because its time is up. */
  isDue(nowMs: number): boolean {
    return nowMs >= this.deadlineMs - Math.min(DUE_WITHIN_MS, this.timeoutMs / 2);
  }

  /** Why it cannot be taken. undefined: it can. */
  get refusal(): Refusal | undefined {
    return this.isMisplaced ? REFUSALS["grpc-needs-http2"] : undefined;
  }

  /** What is left of its time as `grpc-timeout` says it. "": it has no bound. */
  timeoutLeft(nowMs: number): string {
    return this.deadlineMs === Infinity ? "" : grpcTimeout(Math.max(0, this.deadlineMs - nowMs));
  }

  /** The answer has ended with these trailers. Returns whether they say how the call went. */
  endedWith(trailers: DecodedFields | undefined): boolean {
    const fields = this.isCall ? trailers : undefined;
    for (let index = 0; index < (fields?.count ?? 0); index += 1) {
      const field = fields?.fields[index];
      if (field?.name === GRPC_STATUS_FIELD) this.ended(field.value);
    }
    return fields !== undefined && this.status !== undefined;
  }

  /** The final head has come, which says how the call went if there is nothing else. */
  answered(head: { header(name: string): string | undefined }): void {
    if (this.isCall) this.ended(head.header(GRPC_STATUS_FIELD));
  }

  /** Whether an answer with this status leaves open how the call went. */
  isOpenAt(httpStatus: number): boolean {
    return this.isCall && httpStatus === 200 && this.status === undefined;
  }

  /** `value`: of `grpc-status`. undefined: there is none. */
  ended(value: string | undefined): void {
    this.status = value === undefined ? undefined : readGrpcStatus(value);
  }

  /** The number of its status. -1: it has none. */
  get statusNumber(): number {
    return this.status === undefined ? -1 : grpcNumber(this.status);
  }

  /** Its status counts as a failure of the endpoint. */
  get hasFailed(): boolean {
    return this.status !== undefined && hasGrpcStatus(this.#failures, this.status);
  }

  /** The status of HTTP that it counts as, if its answer has this one. */
  countedAs(httpStatus: number): number {
    return httpStatus === 200 && this.hasFailed ? FAILED_STATUS : httpStatus;
  }
}
