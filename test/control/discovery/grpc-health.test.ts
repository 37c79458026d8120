import { expect, test } from "vitest";
import { healthByGrpc, healthQuestion } from "../../../control/discovery/grpc-health.ts";
import type { GrpcAnswer } from "../../../control/discovery/grpc-health.ts";

/** A message of gRPC that says how well a server is. */
const message = (...bytes: readonly number[]): Buffer =>
  Buffer.of(0, 0, 0, 0, bytes.length, ...bytes);

const WELL: GrpcAnswer = {
  httpStatus: 200,
  contentType: "application/grpc",
  grpcStatus: "0",
  body: message(0x08, 1),
};

test("healthQuestion() names the service, and nothing where there is none", () => {
  expect(healthQuestion("")).toEqual(Buffer.of(0, 0, 0, 0, 0));
  expect(healthQuestion("shop.Cart")).toEqual(
    Buffer.concat([Buffer.of(0, 0, 0, 0, 11, 0x0a, 9), Buffer.from("shop.Cart")]),
  );
  const long = "a".repeat(300);
  expect(healthQuestion(long).subarray(0, 8)).toEqual(
    Buffer.of(0, 0, 0, 1, 0x2f, 0x0a, 0xac, 0x02),
  );
});

test.each<[string, Partial<GrpcAnswer>]>([
  ["answered SERVING", {}],
  ["answered SERVING", { contentType: "application/grpc+proto" }],
  ["answered UNKNOWN", { body: message() }],
  ["answered UNKNOWN", { body: message(0x08, 0) }],
  ["answered NOT_SERVING", { body: message(0x08, 2) }],
  ["answered SERVICE_UNKNOWN", { body: message(0x08, 3) }],
  ["answered NOT_FOUND: it does not know the health of this service", { grpcStatus: "5" }],
  ["answered UNIMPLEMENTED: it does not have grpc.health.v1", { grpcStatus: "12" }],
  ["answered UNAVAILABLE", { grpcStatus: "14" }],
  ["answered 503", { httpStatus: 503, contentType: "text/html", grpcStatus: undefined }],
])("healthByGrpc() says %s", (reason, answer) => {
  const succeeded = reason === "answered SERVING";
  expect(healthByGrpc({ ...WELL, ...answer })).toEqual({ succeeded, reason });
});

test.each<[string, Partial<GrpcAnswer>]>([
  ["its content-type is not application/grpc", { contentType: "text/html" }],
  ["its content-type is not application/grpc", { contentType: undefined }],
  ["it has no grpc-status", { grpcStatus: undefined }],
  ["its grpc-status is none", { grpcStatus: "0, 0" }],
  ["not a HealthCheckResponse", { body: Buffer.alloc(0) }],
  ["not a HealthCheckResponse", { body: message(0x08, 1).subarray(0, 6) }],
  ["not a HealthCheckResponse", { body: Buffer.of(1, 0, 0, 0, 2, 0x08, 1) }],
  ["not a HealthCheckResponse", { body: Buffer.of(0, 0, 0, 0, 1, 0x08, 1) }],
  ["not a HealthCheckResponse", { body: message(0x08, 4) }],
  ["not a HealthCheckResponse", { body: message(0x10, 1) }],
  ["not a HealthCheckResponse", { body: message(0x08, 1, 0x08, 1) }],
])("healthByGrpc() says that an answer is of no use: %s (%o)", (why, answer) => {
  const reason = `no usable answer: ${why}`;
  expect(healthByGrpc({ ...WELL, ...answer })).toEqual({ succeeded: false, reason });
});
