import { expect, test } from "vitest";
import { addressKey } from "../../../proxy/upstream/address-key.ts";

test.each([
  ["192.0.2.1", "192.0.2.1"],
  ["", ""],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2"],
  ["2001:db8:1:2::9", "2001:db8:1:2"],
  ["2001:db8::1", "2001:db8:0:0"],
  ["2001:db8::1:2:3:4:5", "2001:db8:0:1"],
  ["::1", "0:0:0:0"],
  ["fe80::", "fe80:0:0:0"],
])("addressKey() of %s is %s", (address, key) => {
  expect(addressKey(address)).toBe(key);
});
