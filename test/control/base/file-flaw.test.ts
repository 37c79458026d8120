import { expect, test } from "vitest";
import { asFileFlaw, FileFlaw } from "../../../control/base/file-flaw.ts";

test("FileFlaw says what was wanted and what was found", () => {
  expect(new FileFlaw("a key", "none").message).toBe("wanted a key, found none");
});

test("asFileFlaw() keeps a flaw, and of other errors the code but never the message", () => {
  const flaw = new FileFlaw("a", "b");
  expect(asFileFlaw(flaw, "c")).toBe(flaw);
  const error = Object.assign(new Error("MIIEvQIBADANBgkq"), { code: "ERR_OSSL_BAD" });
  expect(asFileFlaw(error, "a key").message).toBe("wanted a key, found ERR_OSSL_BAD");
  expect(asFileFlaw(new TypeError("MIIE"), "a key").message).toBe("wanted a key, found TypeError");
});
