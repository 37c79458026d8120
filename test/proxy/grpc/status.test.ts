import { expect, test } from "vitest";
import {
  grpcNumber,
  grpcStatusOfHttp,
  grpcStatusSet,
  GRPC_STATUSES,
  hasGrpcStatus,
  readGrpcStatus,
} from "../../../proxy/grpc/status.ts";

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

test("grpcNumber() is what readGrpcStatus() reads", () => {
  expect(GRPC_STATUSES.map((status) => readGrpcStatus(`${grpcNumber(status)}`))).toEqual([
    ...GRPC_STATUSES,
  ]);
});

test("grpcStatusSet() has the statuses that it is made of, and no other", () => {
  const set = grpcStatusSet(["OK", "UNAVAILABLE", "UNAUTHENTICATED"]);
  expect(GRPC_STATUSES.filter((status) => hasGrpcStatus(set, status))).toEqual([
    "OK",
    "UNAVAILABLE",
    "UNAUTHENTICATED",
  ]);
});

test.each([
  [400, "INTERNAL"],
  [401, "UNAUTHENTICATED"],
  [403, "PERMISSION_DENIED"],
  [404, "UNIMPLEMENTED"],
  [429, "UNAVAILABLE"],
  [502, "UNAVAILABLE"],
  [503, "UNAVAILABLE"],
  [504, "UNAVAILABLE"],
  [500, "UNKNOWN"],
  [418, "UNKNOWN"],
])("grpcStatusOfHttp(%d) is %s, as gRPC's own table has it", (httpStatus, status) => {
  expect(grpcStatusOfHttp(httpStatus)).toBe(status);
});
