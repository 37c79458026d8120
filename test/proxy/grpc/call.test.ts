import { expect, test } from "vitest";
import { isGrpc } from "../../../proxy/grpc/call.ts";

test.each([
  "application/grpc",
  "application/grpc+proto",
  "application/grpc+json; charset=utf-8",
  "application/grpc;x=1",
  "application/grpc ; x=1",
  "Application/GRPC",
])("isGrpc() takes %j for a call", (contentType) => {
  expect(isGrpc(contentType)).toBe(true);
});

test.each([
  undefined,
  "",
  "application/grp",
  "application/grpc-web",
  "application/grpc-web+proto",
  "application/grpc-web-text",
  "application/grpcx",
  "text/plain; application/grpc",
])("isGrpc() takes %j for something else", (contentType) => {
  expect(isGrpc(contentType)).toBe(false);
});
