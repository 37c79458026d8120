import { readGrpcStatus } from "../../proxy/grpc/status.ts";
import type { ProbeResult } from "./probe-target.ts";

/** Where servers of gRPC are asked for their health. */
export const HEALTH_PATH = "/grpc.health.v1.Health/Check";

/** Before each message: whether it is compressed, one byte, and its length, four. */
const PREFIX_BYTES = 5;

/** The only field of either message, by its number and kind: a text, and a number. */
const SERVICE_TAG = 0x0a;
const STATUS_TAG = 0x08;

/** `HealthCheckResponse.ServingStatus`, each at the place of its number. */
const SERVING_STATUSES = ["UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"];

/** What the codes mean that say more of the question than of the endpoint's health. */
const EXPLANATIONS: Readonly<Record<string, string>> = {
  NOT_FOUND: ": it does not know the health of this service",
  UNIMPLEMENTED: ": it does not have grpc.health.v1",
};

/** An answer to a call, as far as it says how well somebody is. */
export type GrpcAnswer = {
  readonly httpStatus: number;
  /** undefined: there is none. */
  readonly contentType: string | undefined;
  /** From the trailers or, where there is no message, the head. undefined: there is none. */
  readonly grpcStatus: string | undefined;
  readonly body: Buffer;
};

/**
 * The body of a call that asks how well `service` is: a `HealthCheckRequest` in a message of gRPC.
 * "": the server as a whole.
 */
export function healthQuestion(service: string): Buffer {
  const name = Buffer.from(service);
  const message = Buffer.concat([
    name.length === 0 ? name : Buffer.of(SERVICE_TAG, ...varint(name.length)),
    name,
  ]);
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

/** How well the server is by its answer: only SERVING is well. */
export function healthByGrpc(answer: GrpcAnswer): ProbeResult {
  const { httpStatus, contentType, grpcStatus } = answer;
  if (httpStatus !== 200) return failure(`answered ${httpStatus}`);
  if (contentType?.startsWith("application/grpc") !== true) {
    return failure("no usable answer: its content-type is not application/grpc");
  }
  if (grpcStatus === undefined) return failure("no usable answer: it has no grpc-status");
  const code = readGrpcStatus(grpcStatus);
  if (code === undefined) return failure("no usable answer: its grpc-status is none");
  if (code !== "OK") return failure(`answered ${code}${EXPLANATIONS[code] ?? ""}`);
  const status = readHealth(answer.body);
  if (status === undefined) return failure("no usable answer: not a HealthCheckResponse");
  return { succeeded: status === "SERVING", reason: `answered ${status}` };
}

function failure(reason: string): ProbeResult {
  return { succeeded: false, reason };
}

/**
 * The status in a `HealthCheckResponse`, which has no other field: a server that sends more is of
 * another kind. undefined: the body is no such message.
 */
function readHealth(body: Buffer): string | undefined {
  const message = body.subarray(PREFIX_BYTES);
  const isWhole = body.length >= PREFIX_BYTES && body.readUInt32BE(1) === message.length;
  if (!isWhole || body[0] !== 0) return undefined;
  // Proto3 leaves out what is 0.
  if (message.length === 0) return SERVING_STATUSES[0];
  const [tag, status] = message;
  if (message.length !== 2 || tag !== STATUS_TAG) return undefined;
  return SERVING_STATUSES[status as number];
}

/** Protobuf's way of writing a number: seven bits a byte, the lowest first. */
function varint(value: number): readonly number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)];
}
