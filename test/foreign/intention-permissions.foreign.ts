import { describe, expect, onTestFinished, test } from "vitest";
import { IntentionJudge } from "../../proxy/intentions/intention-judge.ts";
import type { HeaderPermission, IntentionPermission } from "../../proxy/intentions/intentions.ts";
import { requestHead } from "../proxy/exchange/exchange-fixture.ts";
import { freePort } from "../support/built-in-proxy.ts";
import { RawSocket } from "../support/raw-socket.ts";
import { startEnvoy } from "./support/configured-servers.ts";
import { allowing, httpListener } from "./support/envoy-resources.ts";
import { isMissing } from "./support/programs.ts";

/*
 * Goal: permissions of intentions mean what they mean in Envoy, configured as Consul does it (its
 * agent/xds/rbac.go). Method: each list of permissions is a listener of one Envoy; each request
 * goes to all of them, and to our judge.
 */

const DOMAIN = "a.consul";

function header(is: HeaderPermission["is"], value: string, invert = false): HeaderPermission {
  return { name: "x-role", is, value, ignoreCase: false, invert };
}

function allow(over: Partial<IntentionPermission>): IntentionPermission {
  return { action: "allow", path: undefined, methods: [], headers: [], ...over };
}

function deny(over: Partial<IntentionPermission>): IntentionPermission {
  return { ...allow(over), action: "deny" };
}

const LISTS: Readonly<Record<string, readonly IntentionPermission[]>> = {
  "an exact path": [allow({ path: { is: "exact", value: "/a" } })],
  "a prefix": [allow({ path: { is: "prefix", value: "/a" } })],
  "a pattern": [allow({ path: { is: "regex", value: "/(a|v[0-9]+)(/[^/]+)?" } })],
  "a pattern with classes": [allow({ path: { is: "regex", value: "/[[:alpha:]]\\w*(?i:/B)?" } })],
  methods: [allow({ methods: ["GET", "PUT"] })],
  "a denied path before all": [deny({ path: { is: "prefix", value: "/a/" } }), allow({})],
  "a denied method before a path": [
    deny({ methods: ["PUT"] }),
    allow({ path: { is: "prefix", value: "/a" } }),
  ],
  "a field that is there": [allow({ headers: [header("present", "")] })],
  "a field that is not": [allow({ headers: [header("present", "", true)] })],
  "an exact field": [allow({ headers: [header("exact", "ops")] })],
  "another field": [allow({ headers: [header("exact", "ops", true)] })],
  "a field's beginning": [allow({ headers: [header("prefix", "op")] })],
  "a field's end": [allow({ headers: [header("suffix", "ps")] })],
  "a field's pattern": [allow({ headers: [header("regex", "o.s|dev")] })],
  "another pattern": [allow({ headers: [header("regex", "o.s", true)] })],
  "two fields": [allow({ headers: [header("prefix", "o"), header("suffix", "x", true)] })],
  "a denied field before all": [deny({ headers: [header("exact", "dev")] }), allow({})],
};

const PATHS = ["/", "/a", "/a/", "/a/b", "/ab", "/v12", "/v12/x", "/v12/x/y", "/a/B?x=/a", "/A"];
const FIELDS = ["", "X-Role: ops\r\n", "X-Role: dev\r\n", "x-role: OPS\r\n", "X-Role: \r\n"];

const REQUESTS = PATHS.flatMap((path) =>
  ["GET", "PUT", "DELETE"].flatMap((method) =>
    FIELDS.map((fields) => `${method} ${path} HTTP/1.1\r\nHost: a\r\n${fields}\r\n`),
  ),
);

/** As Consul tells Envoy, in the order of its conditions. */
function inEnvoy({ path, methods, headers }: IntentionPermission): object {
  const rules = [
    ...(path === undefined ? [] : [{ url_path: { path: textMatch(path.is, path.value) } }]),
    ...headers.map(({ name, is, value, invert }) => {
      const how =
        is === "present" ? { present_match: true } : { string_match: textMatch(is, value) };
      return { header: { name, ...how, invert_match: invert } };
    }),
    ...(methods.length === 0
      ? []
      : [{ header: { name: ":method", string_match: textMatch("regex", methods.join("|")) } }]),
  ];
  return rules.length === 0 ? { any: true } : { and_rules: { rules } };
}

function textMatch(is: string, value: string): object {
  return is === "regex" ? { safe_regex: { regex: value } } : { [is]: value };
}

/** Those that allow, each without what an earlier one denies. */
function allowed(permissions: readonly IntentionPermission[]): readonly object[] {
  return permissions.flatMap((permission, at) => {
    const before = permissions.slice(0, at).map((each) => ({ not_rule: inEnvoy(each) }));
    const rules = [inEnvoy(permission), ...before];
    return permission.action === "allow" ? [{ and_rules: { rules } }] : [];
  });
}

/** Whether our judge allows it. */
function judged(permissions: readonly IntentionPermission[], text: string): boolean {
  const place = { partition: "default", namespace: "default" };
  const list = [{ source: { ...place, name: "api" }, action: "permissions", permissions }] as const;
  const judge = new IntentionJudge({ trustDomain: DOMAIN, defaultAction: "deny", list });
  const api = { ...place, trustDomain: DOMAIN, datacenter: "dc1", service: "api" };
  return judge.ruleFor(api).allows(requestHead(text));
}

/** Whether Envoy allows each of them. */
async function answersAt(port: number, requests: readonly string[]): Promise<readonly boolean[]> {
  const client = await RawSocket.open({ port });
  onTestFinished(() => client.close());
  const answers: boolean[] = [];
  for (const text of requests) {
    const { status } = await client.send(text).response();
    expect([200, 403]).toContain(status);
    answers.push(status === 200);
  }
  return answers;
}

describe.skipIf(isMissing("envoy"))("permissions", { timeout: 60_000 }, () => {
  test("mean the same in Envoy", async () => {
    const lists = Object.entries(LISTS);
    const ports = await Promise.all(lists.map(() => freePort()));
    await using envoy = await startEnvoy(({ port }) => ({
      listeners: [
        httpListener(port, {}),
        ...lists.map(([, permissions], at) =>
          httpListener(ports[at] ?? 0, { filters: [allowing(allowed(permissions))] }),
        ),
      ],
      clusters: [],
    }));
    expect(envoy.output).toBe("");
    for (const [at, [name, permissions]] of lists.entries()) {
      const theirs = await answersAt(ports[at] ?? 0, REQUESTS);
      const ours = REQUESTS.map((text) => judged(permissions, text));
      const differing = REQUESTS.filter((_, index) => ours[index] !== theirs[index]);
      expect(differing, name).toEqual([]);
      expect(new Set(ours).size, name).toBe(2);
    }
  });
});
