import { z } from "zod";
import { GRPC_STATUSES } from "../../proxy/grpc/status.ts";
import type { GrpcStatus } from "../../proxy/grpc/status.ts";
import { list, strict } from "./schema-parts.ts";

/**
 * What no client can bring about: how its deadline, its arguments or a method that it made up end
 * says nothing of the endpoint.
 */
const FAILURES: readonly Exclude<GrpcStatus, "OK">[] = [
  "UNKNOWN",
  "INTERNAL",
  "UNAVAILABLE",
  "DATA_LOSS",
];

/** OK cannot be a failure. */
const failure = z.enum(GRPC_STATUSES).exclude(["OK"]);

/** `grpc`: what calls of a service end with. */
export const grpcSchema = strict({
  failures: list(failure, GRPC_STATUSES.length).default([...FAILURES]),
}).prefault({});
