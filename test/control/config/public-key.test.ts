import { expect, test } from "vitest";
import { publicKeyBytes, publicKeyText } from "../../../control/config/public-key.ts";

const BYTES = Buffer.alloc(32, 7);
const TEXT = publicKeyText(BYTES);

test("publicKeyText() is what publicKeyBytes() reads", () => {
  expect(TEXT).toBe("ed25519:BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=");
  expect(publicKeyBytes(TEXT)).toEqual(BYTES);
});

test.each([
  ["nothing", ""],
  ["no kind", TEXT.slice("ed25519:".length)],
  ["another kind", TEXT.replace("ed25519", "rsa")],
  ["too few bytes", publicKeyText(BYTES.subarray(1))],
  ["too many bytes", publicKeyText(Buffer.alloc(33))],
  ["another spelling of the same bytes", TEXT.replace("c=", "d=")],
  ["a line break", `${TEXT}\n`],
])("publicKeyBytes() reads no text with %s", (_, text) => {
  expect(publicKeyBytes(text)).toBeUndefined();
});
