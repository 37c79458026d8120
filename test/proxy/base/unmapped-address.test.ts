import { expect, test } from "vitest";
import { unmappedAddress } from "../../../proxy/base/unmapped-address.ts";

test.each([
  ["::ffff:10.0.0.5", "10.0.0.5"],
  ["10.0.0.5", "10.0.0.5"],
  ["::1", "::1"],
  ["::ffff:1", "::ffff:1"],
])("unmappedAddress(%s) is %s", (text, wanted) => {
  expect(unmappedAddress(text)).toBe(wanted);
});
