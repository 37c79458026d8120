import { expect, test } from "vitest";
import {
  endOfCall,
  grpcAnswer,
  grpcEnd,
  grpcStatusOfError,
} from "../../../proxy/exchange/grpc-answer.ts";
import { errorResponse, statusOf } from "../../../proxy/exchange/respond.ts";
import type { ProxyError } from "../../../proxy/exchange/respond.ts";

test.each<[ProxyError, string]>([
  ["no-endpoint", "UNAVAILABLE"],
  ["connect-refused", "UNAVAILABLE"],
  ["connect-timeout", "UNAVAILABLE"],
  ["reset", "UNAVAILABLE"],
  ["overloaded", "RESOURCE_EXHAUSTED"],
  ["queue-full", "RESOURCE_EXHAUSTED"],
  ["response-timeout", "DEADLINE_EXCEEDED"],
  ["deadline-exceeded", "DEADLINE_EXCEEDED"],
  ["intention-denied", "PERMISSION_DENIED"],
  ["no-service", "UNIMPLEMENTED"],
])("grpcStatusOfError() makes %s %s", (error, status) => {
  expect(grpcStatusOfError(error, statusOf(error))).toBe(status);
});

test("grpcAnswer() is a 200 that says in its head what is wrong", () => {
  const date = "Thu, 01 Jan 2026 00:00:00 GMT";
  const answer = errorResponse("no-endpoint", { close: false, head: false, date });
  expect(grpcAnswer(answer, "UNAVAILABLE")).toEqual({
    status: 200,
    fields:
      "Content-Type: application/grpc\r\ngrpc-status: 14\r\n" +
      `grpc-message: The service has no usable endpoint\r\nDate: ${date}\r\n` +
      "Proxy-Status: sluice; error=destination_unavailable\r\nRetry-After: 1\r\n",
    connection: "",
    body: "",
  });
});

test("grpcEnd() ends an answer that has begun", () => {
  const { status, text } = endOfCall("reset");
  expect(grpcEnd(status, text)).toBe(
    "grpc-status: 14\r\ngrpc-message: The endpoint closed the connection before it answered\r\n",
  );
});
