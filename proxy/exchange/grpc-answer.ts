import { grpcMessage } from "../grpc/message.ts";
import { grpcNumber, grpcStatusOfHttp } from "../grpc/status.ts";
import type { GrpcStatus } from "../grpc/status.ts";
import { statusOf, textOf } from "./respond.ts";
import type { OwnAnswer } from "../http1/own-answer.ts";
import type { ProxyError } from "./respond.ts";

/** What gRPC has a better word for than for the status of HTTP that goes with it. */
const BY_ERROR: Readonly<Partial<Record<ProxyError, GrpcStatus>>> = {
  overloaded: "RESOURCE_EXHAUSTED",
  "rate-limited": "RESOURCE_EXHAUSTED",
  "queue-full": "RESOURCE_EXHAUSTED",
  "too-many-connections": "RESOURCE_EXHAUSTED",
  "response-timeout": "DEADLINE_EXCEEDED",
  "exchange-timeout": "DEADLINE_EXCEEDED",
  "deadline-exceeded": "DEADLINE_EXCEEDED",
};

/** What a call ends with because of this error, which HTTP is told of by `httpStatus`. */
export function grpcStatusOfError(error: ProxyError, httpStatus: number): GrpcStatus {
  return BY_ERROR[error] ?? grpcStatusOfHttp(httpStatus);
}

/** What a call whose answer has begun ends with, and why. */
export function endOfCall(error: ProxyError): {
  readonly status: GrpcStatus;
  readonly text: string;
} {
  return { status: grpcStatusOfError(error, statusOf(error)), text: textOf(error) };
}

/** The end of a call as the fields of its trailers. */
export function grpcEnd(status: GrpcStatus, text: string): string {
  return `grpc-status: ${grpcNumber(status)}\r\ngrpc-message: ${grpcMessage(text)}\r\n`;
}

const FRAMING_LINES = /^(?:Content-Type|Content-Length):[^\r]*\r\n/gim;

/**
 * An answer of our own as a call of gRPC gets it: 200, and what is wrong in the same head, as there
 * is no message ("Trailers-Only").
 */
export function grpcAnswer({ fields, body }: OwnAnswer, status: GrpcStatus): OwnAnswer {
  return {
    status: 200,
    fields:
      `Content-Type: application/grpc\r\n${grpcEnd(status, body.trim())}` +
      fields.replace(FRAMING_LINES, ""),
    connection: "",
    body: "",
  };
}
