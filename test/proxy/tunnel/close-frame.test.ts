import { expect, test } from "vitest";
import { closeFrame } from "../../../proxy/tunnel/close-frame.ts";

test.each([
  [1001, "88 02 03 e9"],
  [1008, "88 02 03 f0"],
  [1012, "88 02 03 f4"],
] as const)("closeFrame(%i) of a server is bare", (code, hex) => {
  expect(Buffer.from(closeFrame(code), "latin1").toString("hex")).toBe(hex.replaceAll(" ", ""));
});

test("closeFrame() of a client is masked (RFC 6455 section 5.3)", () => {
  const frame = Buffer.from(closeFrame(1012, Uint8Array.of(0xff, 0x0f, 0xaa, 0x55)), "latin1");
  expect(frame.toString("hex")).toBe("8882ff0faa55fcfb");
});
