import { expect, test } from "vitest";
import { alpnWire } from "../../../proxy/transport/tls-facts.ts";

test("alpnWire() writes the length of each name before it (RFC 7301 section 3.1)", () => {
  expect(alpnWire("h2", "http/1.1").toString("latin1")).toBe("\x02h2\x08http/1.1");
  expect(alpnWire()).toHaveLength(0);
});
