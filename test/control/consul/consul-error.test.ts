import { expect, test } from "vitest";
import { ConsulError, pageIn, refusalError } from "../../../control/consul/consul-error.ts";

test.each([
  [500, "rpc error: No cluster leader", "consul_no_leader"],
  [403, "Permission denied: token lacks 'key:write'", "consul_denied"],
  [401, "", "consul_denied"],
  // 1.8 answers 500 for several refusals of its ACL system.
  [500, "rpc error making call: ACL not found", "consul_denied"],
  [400, "Missing node name", "consul_refused"],
  [404, "no such check", "consul_refused"],
  [500, "leadership lost while committing log", "consul_failed"],
])("refusalError() of %i with %j is %s", (status, body, code) => {
  expect(refusalError("write key a", status, body).code).toBe(code);
});

test("refusalError() repeats no more than the beginning of Consul's words", () => {
  const { message } = refusalError("write key a", 500, ` ${"x".repeat(1_000)} `);
  expect(message).toBe(`Cannot write key a: Consul answered 500 (${"x".repeat(200)})`);
  expect(refusalError("write key a", 500, " \n").message).toContain("(no reason given)");
});

test.each([
  ["<html><title> Bad  Gateway</title>", 'an HTML page "Bad Gateway", as of a proxy in between'],
  ["\n<!doctype HTML><p>Log in", "an HTML page, as of a proxy in between"],
  ["No cluster leader", undefined],
  ["<htmlish>", undefined],
])("pageIn() of %j is %j", (text, words) => {
  expect(pageIn(text)).toBe(words);
});

test.each([
  ["consul_unreachable", true],
  ["consul_timeout", true],
  ["consul_failed", true],
  ["consul_no_leader", false],
  ["consul_denied", false],
  ["consul_refused", false],
  ["consul_unreadable", false],
] as const)("a ConsulError %s: its outcome is unknown: %s", (code, isUnknown) => {
  expect(new ConsulError(code, "write key a", "of a test").outcomeUnknown).toBe(isUnknown);
});
