import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { TokenList } from "../../../../control/api/auth/token-list.ts";
import { newToken } from "../../../support/api-tokens.ts";

const ci = newToken("ci", { role: "shift" });
const ops = newToken("ops", { role: "admin" });
const list = new TokenList([ci.entry, ops.entry]);

test("TokenList finds each token by what its holder sends", () => {
  expect([list.find(ci.secret), list.find(ops.secret)]).toEqual([ci.entry, ops.entry]);
});

test.each([
  ["another token", newToken("other").secret],
  ["nothing", ""],
  ["a token with a letter more", `${ci.secret}A`],
  ["the hash of a token", ci.entry.sha256],
])("TokenList does not find %s", (_name, secret) => {
  expect(list.find(secret)).toBeUndefined();
});

test("TokenList takes nothing that could be guessed, even if its hash is in the list", () => {
  const sha256 = createHash("sha256").update("password").digest("hex");
  expect(new TokenList([{ ...ci.entry, sha256 }]).find("password")).toBeUndefined();
});

test("TokenList holds a token as long as it may do exactly the same", () => {
  expect(new TokenList([ops.entry, { ...ci.entry }]).holds(ci.entry)).toBe(true);
  expect(new TokenList([ops.entry]).holds(ci.entry)).toBe(false);
  expect(new TokenList([{ ...ci.entry, role: "read" }]).holds(ci.entry)).toBe(false);
  expect(new TokenList([{ ...ci.entry, services: ["web"] }]).holds(ci.entry)).toBe(false);
});
