import { expect, test } from "vitest";
import { grpcMessage } from "../../../proxy/grpc/message.ts";

test.each([
  ["The service is at its limits", "The service is at its limits"],
  ["100% {sure}~", "100%25 {sure}~"],
  [
    "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n",
    "%09%0Atest with whitespace%0D%0Aand Unicode BMP %E2%98%BA and non-BMP %F0%9F%98%88%09%0A",
  ],
  ["\x7f\0", "%7F%00"],
  ["", ""],
])("grpcMessage() writes %j as %j", (text, value) => {
  expect(grpcMessage(text)).toBe(value);
  expect(decodeURIComponent(value)).toBe(text);
});

test("grpcMessage() cuts what is long", () => {
  expect(grpcMessage("x".repeat(5_000))).toBe("x".repeat(1_024));
});
