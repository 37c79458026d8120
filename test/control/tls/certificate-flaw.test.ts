import { expect, test } from "vitest";
import { asFlaw, CertificateFlaw } from "../../../control/tls/certificate-flaw.ts";

test("CertificateFlaw says what was wanted and what was found", () => {
  expect(new CertificateFlaw("a key", "none").message).toBe("wanted a key, found none");
});

test("asFlaw() keeps a flaw, and of other errors the code but never the message", () => {
  const flaw = new CertificateFlaw("a", "b");
  expect(asFlaw(flaw, "c")).toBe(flaw);
  const error = Object.assign(new Error("MIIEvQIBADANBgkq"), { code: "ERR_OSSL_BAD" });
  expect(asFlaw(error, "a key").message).toBe("wanted a key, found ERR_OSSL_BAD");
  expect(asFlaw(new TypeError("MIIE"), "a key").message).toBe("wanted a key, found TypeError");
});
