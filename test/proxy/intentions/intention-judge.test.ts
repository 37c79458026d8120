import { describe, expect, test } from "vitest";
import { IntentionJudge } from "../../../proxy/intentions/intention-judge.ts";
import type {
  HeaderPermission,
  Intention,
  IntentionPermission,
  Intentions,
} from "../../../proxy/intentions/intentions.ts";
import type { JudgedRequest } from "../../../proxy/intentions/permission-rule.ts";
import type { ServiceId } from "../../../proxy/intentions/spiffe-id.ts";
import { normalisePath } from "../../../proxy/table/normalise-path.ts";

/*
 * Goal: what intentions allow, request by request. That precedence and wildcards are Consul's is
 * shown against a real one in test/integration/consul-intentions.test.ts.
 */

const DOMAIN = "a.consul";
const ANY: IntentionPermission = { action: "allow", path: undefined, methods: [], headers: [] };

function id(service: string, over: Partial<ServiceId> = {}): ServiceId {
  const place = { trustDomain: DOMAIN, partition: "default", namespace: "default" };
  return { ...place, datacenter: "dc1", service, ...over };
}

function intention(
  name: string,
  action: Intention["action"],
  permissions: readonly IntentionPermission[] = [],
): Intention {
  const source = { partition: "default", namespace: name === "*" ? "*" : "default", name };
  return { source, action, permissions };
}

function judge(list: readonly Intention[], over: Partial<Intentions> = {}): IntentionJudge {
  return new IntentionJudge({ trustDomain: DOMAIN, defaultAction: "deny", list, ...over });
}

function request(
  rawPath: string,
  headers: Readonly<Record<string, string>> = {},
  method = "GET",
): JudgedRequest {
  return { method, rawPath, path: normalisePath(rawPath), header: (name) => headers[name] };
}

/** Whether `api` may have it, given these permissions. */
function allows(
  permissions: readonly Partial<IntentionPermission>[],
  asked: JudgedRequest,
  defaultAction: Intentions["defaultAction"] = "deny",
): boolean {
  const whole = permissions.map((each) => ({ ...ANY, ...each }));
  const rules = judge([intention("api", "permissions", whole)], { defaultAction });
  return rules.ruleFor(id("api")).allows(asked);
}

describe("who may", () => {
  test("the first intention about a source decides", () => {
    const rules = judge([
      intention("api", "deny"),
      intention("api", "allow"),
      intention("*", "allow"),
    ]);
    expect(rules.ruleFor(id("api")).always).toBe("deny");
    expect(rules.ruleFor(id("other")).always).toBe("allow");
  });

  test.each(["allow", "deny"] as const)("without one, the default does: %s", (defaultAction) => {
    const rules = judge([intention("api", "deny")], { defaultAction });
    expect(rules.ruleFor(id("other")).always).toBe(defaultAction);
  });

  test("as long as nothing is known, nobody may", () => {
    expect(new IntentionJudge(undefined).ruleFor(id("api")).always).toBe("deny");
    expect(new IntentionJudge(undefined).ruleFor(id("api")).allows(request("/"))).toBe(false);
  });

  test("whoever has no id, or one of another trust domain, may not", () => {
    const rules = judge([intention("*", "allow")], { defaultAction: "allow" });
    expect(rules.ruleFor(undefined).always).toBe("deny");
    expect(rules.ruleFor(id("api", { trustDomain: "b.consul" })).always).toBe("deny");
  });

  test("another namespace and another partition are other sources", () => {
    const rules = judge([intention("api", "allow")]);
    expect(rules.ruleFor(id("api")).always).toBe("allow");
    expect(rules.ruleFor(id("api", { namespace: "shop" })).always).toBe("deny");
    expect(rules.ruleFor(id("api", { partition: "retail" })).always).toBe("deny");
    const all = judge([intention("*", "allow")]);
    expect(all.ruleFor(id("api", { namespace: "shop" })).always).toBe("allow");
    expect(all.ruleFor(id("api", { partition: "retail" })).always).toBe("deny");
  });

  test("the datacenter does not matter, as in Consul", () => {
    expect(
      judge([intention("api", "allow")]).ruleFor(id("api", { datacenter: "dc2" })).always,
    ).toBe("allow");
  });

  test("rules that say the same have the same key, and others another one", () => {
    const some = [{ ...ANY, methods: ["GET"] }];
    const list = [
      intention("a", "permissions", some),
      intention("b", "permissions", some),
      intention("c", "permissions", [ANY]),
      intention("d", "allow"),
    ];
    const keys = (rules: IntentionJudge): readonly string[] =>
      ["a", "b", "c", "d", "e"].map((name) => rules.ruleFor(id(name)).key);
    const [a, b, ...others] = keys(judge(list));
    expect(a).toBe(b);
    expect(new Set([a, ...others]).size).toBe(4);
    expect(keys(judge(list))).toEqual([a, b, ...others]);
    const open = keys(judge(list, { defaultAction: "allow" }));
    expect(open[0]).not.toBe(a);
  });
});

describe("what permissions allow", () => {
  test("the first that fits decides, and without one the default", () => {
    const permissions = [
      { action: "deny", path: { is: "prefix", value: "/v2/admin" } },
      { path: { is: "prefix", value: "/v2/" } },
      { path: { is: "exact", value: "/healthz" }, methods: ["GET"] },
    ] as const;
    const asked = ["/v2/admin/x", "/v2/users", "/healthz", "/other"];
    expect(asked.map((path) => allows(permissions, request(path)))).toEqual([
      false,
      true,
      true,
      false,
    ]);
    expect(allows(permissions, request("/healthz", {}, "POST"))).toBe(false);
    expect(allows(permissions, request("/other"), "allow")).toBe(true);
    expect(allows(permissions, request("/v2/admin"), "allow")).toBe(false);
  });

  test.each([
    [{ is: "exact", value: "/a" }, "/a", true],
    [{ is: "exact", value: "/a" }, "/a/b", false],
    [{ is: "prefix", value: "/a" }, "/ab", true],
    [{ is: "prefix", value: "/a" }, "/b/a", false],
    [{ is: "regex", value: "/v[0-9]+/.*" }, "/v12/x", true],
    [{ is: "regex", value: "/v[0-9]+" }, "/v12/x", false],
  ] as const)("a path that is %j: %s is %s", (path, asked, expected) => {
    expect(allows([{ path }], request(asked))).toBe(expected);
  });

  test("no spelling of a path slips past: it must be allowed in each reading", () => {
    const permissions = [
      { action: "deny", path: { is: "prefix", value: "/admin" } },
      { path: { is: "prefix", value: "/" } },
    ] as const;
    const spellings = [
      "/%61dmin",
      "//admin",
      "/x/../admin",
      "/x/..%2fadmin",
      "/admin%2f..%2fpublic",
      "/.//admin",
      "/\\admin",
      "/admin/../public",
    ];
    expect(spellings.filter((path) => allows(permissions, request(path)))).toEqual([]);
    expect(allows(permissions, request("/public"))).toBe(true);
    const only = [{ path: { is: "prefix", value: "/public/" } }] as const;
    expect(allows(only, request("/public/../admin"))).toBe(false);
    expect(allows(only, request("/admin/..%2fpublic/x"))).toBe(false);
    expect(allows(only, request("/public/a%20b"))).toBe(true);
  });

  const field = (over: Partial<HeaderPermission>): Partial<IntentionPermission> => ({
    headers: [
      { name: "x-role", is: "exact", value: "", ignoreCase: false, invert: false, ...over },
    ],
  });

  test.each([
    [{ is: "present" }, "", true],
    [{ is: "present" }, undefined, false],
    [{ is: "present", invert: true }, undefined, true],
    [{ is: "present", invert: true }, "x", false],
    [{ is: "exact", value: "ops" }, "ops", true],
    [{ is: "exact", value: "ops" }, "Ops", false],
    [{ is: "exact", value: "ops", ignoreCase: true }, "OPS", true],
    [{ is: "exact", value: "ops" }, "ops, dev", false],
    [{ is: "exact", value: "ops" }, undefined, false],
    [{ is: "exact", value: "ops", invert: true }, "dev", true],
    [{ is: "exact", value: "ops", invert: true }, "ops", false],
    [{ is: "exact", value: "ops", invert: true }, undefined, false],
    [{ is: "prefix", value: "op" }, "ops", true],
    [{ is: "suffix", value: "ps" }, "ops", true],
    [{ is: "contains", value: "p" }, "ops", true],
    [{ is: "contains", value: "P", ignoreCase: true }, "ops", true],
    [{ is: "suffix", value: "op" }, "ops", false],
    [{ is: "regex", value: "o.s|d.*" }, "dev", true],
    [{ is: "regex", value: "o" }, "ops", false],
    [{ is: "regex", value: "OPS|dev", ignoreCase: true }, "DEV", true],
  ] as const)("a field that must be %j: %j is %s", (over, value, expected) => {
    const headers = value === undefined ? {} : { "x-role": value };
    expect(allows([field(over)], request("/", headers))).toBe(expected);
  });

  test("nobody passes a permission that denies by leaving a field out", () => {
    const deny = [{ action: "deny", ...field({ value: "ops", invert: true }) }, {}] as const;
    expect(allows(deny, request("/", { "x-role": "ops" }))).toBe(true);
    expect(allows(deny, request("/", { "x-role": "dev" }))).toBe(false);
    expect(allows(deny, request("/"))).toBe(false);
  });

  test("all conditions must hold, and without any all requests fit", () => {
    const whole = { ...field({ value: "ops" }), methods: ["GET"] } as const;
    expect(allows([whole], request("/", { "x-role": "ops" }))).toBe(true);
    expect(allows([whole], request("/", { "x-role": "ops" }, "PUT"))).toBe(false);
    expect(allows([{}], request("/"))).toBe(true);
  });

  test("a pattern that is none denies its source, and is told", () => {
    const list = [
      intention("api", "permissions", [ANY, { ...ANY, path: { is: "regex", value: "(?=a)" } }]),
      intention("*", "allow"),
    ];
    const rules = judge(list, { defaultAction: "allow" });
    expect(rules.ruleFor(id("api")).always).toBe("deny");
    expect(rules.ruleFor(id("other")).always).toBe("allow");
    expect(rules.flaws).toEqual([
      expect.stringContaining('source api: Cannot use pattern "(?=a)"'),
    ]);
  });
});
