import { expect, test } from "vitest";
import { grpcTimeout } from "../../../proxy/grpc/timeout.ts";

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
