import { describe, expect, test } from "vitest";
import type {
  HeaderPermission,
  IntentionPermission,
} from "../../../proxy/intentions/intentions.ts";
import { PermissionRule } from "../../../proxy/intentions/permission-rule.ts";

/** A permission for everything, but for `wish`. */
function ruleOf(wish: Partial<IntentionPermission>): PermissionRule {
  return new PermissionRule({
    action: "allow",
    path: undefined,
    methods: [],
    headers: [],
    ...wish,
  });
}

type Asked = {
  readonly method: string;
  readonly path: string;
  readonly fields: Readonly<Record<string, string>>;
};

function fits(
  wish: Partial<IntentionPermission>,
  { method = "GET", path = "/a/b", fields = {} }: Partial<Asked> = {},
): boolean {
  const header = (name: string): string | undefined => fields[name];
  return ruleOf(wish).fits({ method, path, rawPath: path, header }, path);
}

describe("PermissionRule.fits() by path", () => {
  test.each([
    ["exact", "/a/b", true],
    ["exact", "/a", false],
    ["prefix", "/a", true],
    ["prefix", "/b", false],
    ["regex", "/a/.", true],
    ["regex", "/a", false],
  ] as const)("%s %s: %s", (is, value, expected) => {
    expect(fits({ path: { is, value } })).toBe(expected);
  });
});

test("PermissionRule.fits() any of the methods, of none all", () => {
  expect(fits({ methods: ["PUT", "GET"] })).toBe(true);
  expect(fits({ methods: ["PUT"] })).toBe(false);
  expect(fits({}, { method: "PATCH" })).toBe(true);
});

describe("PermissionRule.fits() by a field", () => {
  const FIELD: HeaderPermission = {
    name: "x-a",
    is: "exact",
    value: "One",
    ignoreCase: false,
    invert: false,
  };
  const ask = (wish: Partial<HeaderPermission>, value: string | undefined): boolean =>
    fits(
      { headers: [{ ...FIELD, ...wish }] },
      { fields: value === undefined ? {} : { "x-a": value } },
    );

  test.each([
    ["exact", "One", "One", "one"],
    ["prefix", "On", "One more", "on"],
    ["suffix", "ne", "One", "nE"],
    ["contains", "n", "One", "ONE"],
    ["regex", "O.e", "One", "one"],
  ] as const)("%s %s: %s, not %s unless case is ignored", (is, value, right, other) => {
    expect([ask({ is, value }, right), ask({ is, value }, other)]).toEqual([true, false]);
    expect(ask({ is, value, ignoreCase: true }, other)).toBe(true);
    expect(ask({ is, value, invert: true }, right)).toBe(false);
    expect(ask({ is, value, invert: true }, other)).toBe(true);
  });

  test("present, and absent", () => {
    const present = { is: "present", value: "" } as const;
    expect([ask(present, ""), ask(present, undefined)]).toEqual([true, false]);
    const absent = { ...present, invert: true };
    expect([ask(absent, ""), ask(absent, undefined)]).toEqual([false, true]);
  });

  test("all of several", () => {
    const headers = [FIELD, { ...FIELD, name: "x-b" }];
    expect(fits({ headers }, { fields: { "x-a": "One", "x-b": "One" } })).toBe(true);
    expect(fits({ headers }, { fields: { "x-a": "One" } })).toBe(false);
  });

  test("nobody gets by leaving it out what an inverted condition denies", () => {
    const headers = [{ ...FIELD, invert: true }];
    expect(fits({ headers, action: "deny" })).toBe(true);
    expect(fits({ headers, action: "allow" })).toBe(false);
    expect(fits({ headers: [FIELD], action: "deny" })).toBe(false);
  });
});

test("PermissionRule refuses a pattern that cannot be used", () => {
  expect(() => ruleOf({ path: { is: "regex", value: "(" } })).toThrow("Cannot use pattern");
});
