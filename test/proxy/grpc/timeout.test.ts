import { expect, test } from "vitest";
import { grpcTimeout, readGrpcTimeout } from "../../../proxy/grpc/timeout.ts";

test.each([
  [0, "0m"],
  [0.2, "1m"],
  [2_000, "2000m"],
  [99_999_999, "99999999m"],
  [99_999_999.5, "100000S"],
  [100_000_001, "100001S"],
  [Infinity, "99999999S"],
])("grpcTimeout(%d) is %s", (forMs, value) => {
  expect(grpcTimeout(forMs)).toBe(value);
});

test.each([
  ["1H", 3_600_000],
  ["2M", 120_000],
  ["3S", 3_000],
  ["0m", 0],
  ["99999999m", 99_999_999],
  ["1500u", 1.5],
  ["1000000n", 1],
])("readGrpcTimeout(%j) is %d", (value, forMs) => {
  expect(readGrpcTimeout(value)).toBeCloseTo(forMs, 9);
});

test.each(["", "m", "1", "1s", "-1S", "+1S", "1.5S", "100000000m", "1S ", "1Sm", "1d", "0x1S"])(
  "readGrpcTimeout() reads no %j",
  (value) => {
    expect(readGrpcTimeout(value)).toBeUndefined();
  },
);
