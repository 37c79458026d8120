import * as fc from "fast-check";
import { expect, test } from "vitest";
import { newSigningKey } from "../../../control/registry/signing-key.ts";
import { TableSeal } from "../../../control/registry/table-seal.ts";

const [one, two, other] = [newSigningKey(), newSigningKey(), newSigningKey()];
const PLACE = "sluice/table";
const DOCUMENT = '{\n "format": "sluice-table-1",\n "revision": 3,\n "services": {}\n}';

const trust = [one.publicKey, two.publicKey];
const reader = new TableSeal(PLACE, { trust, signingKey: undefined });
const careless = new TableSeal(PLACE, { trust: [], signingKey: undefined });

const signedBy = (signingKey: typeof one, place = PLACE, document = DOCUMENT): string =>
  new TableSeal(place, { trust: [], signingKey }).seal(document);

test.each([one, two])("TableSeal.open() gives back what a trusted key has signed", (key) => {
  const value = signedBy(key);
  expect(value.endsWith(`\n${DOCUMENT}`)).toBe(true);
  expect(reader.open(value)).toEqual({ kind: "opened", document: DOCUMENT, isSigned: true });
});

test("TableSeal.open() without trust takes all, and tells whether it is signed", () => {
  const opened = { kind: "opened", document: DOCUMENT };
  expect(careless.open(DOCUMENT)).toEqual({ ...opened, isSigned: false });
  expect(careless.open(signedBy(other))).toEqual({ ...opened, isSigned: true });
  expect([careless.isDemanded, careless.canSign]).toEqual([false, false]);
  expect(careless.seal(DOCUMENT)).toBe(DOCUMENT);
});

test.each([
  ["nothing", "", "unsigned"],
  ["no signature", DOCUMENT, "unsigned"],
  ["a line that is none", `{"format":"sluice-signed-2"}\n${DOCUMENT}`, "unsigned"],
  ["a line with more in it", signedBy(one).replace("{", '{"x":1,'), "unsigned"],
  ["a key that is not trusted", signedBy(other), "untrusted"],
  ["another's name on it", signedBy(other).replace(other.publicKey, one.publicKey), "forged"],
  ["the signature of another place", signedBy(one, "sluice/other"), "forged"],
  ["another revision", signedBy(one).replace('"revision": 3', '"revision": 4'), "forged"],
  ["white space at its end", `${signedBy(one)}\n`, "forged"],
  ["the signature of another table", signedBy(one, PLACE, "{}").replace("{}", DOCUMENT), "forged"],
  ["a signature that is too short", signedBy(one).replace(/[^"]{8}"}\n/, '"}\n'), "forged"],
])("TableSeal.open() refuses a value with %s", (_, value, flaw) => {
  expect(reader.open(value)).toMatchObject({ kind: "refused", flaw });
});

test("TableSeal.open() says whose key it is that nobody trusts, cut short", () => {
  expect(reader.open(signedBy(other))).toMatchObject({
    reason: expect.stringContaining(`"${other.publicKey}"`),
  });
  const long = signedBy(one).replace(one.publicKey, "x".repeat(500));
  const opened = reader.open(long);
  expect(opened.kind === "refused" ? opened.reason.length : 0).toBeLessThan(200);
});

test("TableSeal.open() refuses every value that differs in one character", () => {
  const value = signedBy(one);
  const differing = fc.tuple(
    fc.nat(value.length - 1),
    fc.constantFrom("a", "B", "+", "=", "\n", " ", "{", "}", '"', "\u00e9"),
  );
  fc.assert(
    fc.property(differing, ([at, letter]) => {
      fc.pre(value[at] !== letter);
      const changed = value.slice(0, at) + letter + value.slice(at + 1);
      expect(reader.open(changed).kind).toBe("refused");
    }),
    { seed: 7, numRuns: 500 },
  );
});
