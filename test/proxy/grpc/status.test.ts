import { expect, test } from "vitest";
import { readGrpcStatus } from "../../../proxy/grpc/status.ts";

test.each([
  ["0", "OK"],
  ["4", "DEADLINE_EXCEEDED"],
  ["8", "RESOURCE_EXHAUSTED"],
  ["12", "UNIMPLEMENTED"],
  ["14", "UNAVAILABLE"],
  ["16", "UNAUTHENTICATED"],
])("readGrpcStatus() reads %j as %s", (value, status) => {
  expect(readGrpcStatus(value)).toBe(status);
});

test.each(["", "17", "-1", "+1", "01", "1 ", "1.0", "0x1", "OK", "99999999999"])(
  "readGrpcStatus() knows no %j",
  (value) => {
    expect(readGrpcStatus(value)).toBeUndefined();
  },
);
