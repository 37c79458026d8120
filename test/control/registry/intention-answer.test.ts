import { describe, expect, test } from "vitest";
import { parseIntentions } from "../../../control/registry/intention-answer.ts";

/*
 * Goal: what Consul answers is read in the order in which it counts, and whatever it may mean that
 * we cannot judge is denied and told.
 */

/** An intention as Consul 1.8 gives it; later releases leave out what is empty. */
function given(over: object): object {
  return {
    ID: "d1c4e288-cdf8-8e7e-9336-04df2647f140",
    Description: "",
    SourceNS: "default",
    SourceName: "api",
    DestinationNS: "default",
    DestinationName: "web",
    SourceType: "consul",
    Action: "allow",
    Meta: {},
    Precedence: 9,
    CreateIndex: 15,
    ModifyIndex: 15,
    ...over,
  };
}

function read(...list: readonly object[]): ReturnType<typeof parseIntentions> {
  return parseIntentions("read intentions", JSON.stringify({ web: list.map(given) }), "web");
}

const API = { partition: "default", namespace: "default", name: "api" };

describe("intentions that are judged", () => {
  test("no intentions are an empty list, which Consul writes as null", () => {
    const nothing = { list: [], flaws: [], wildcard: "none" };
    expect(parseIntentions("read", '{"web":null}', "web")).toEqual(nothing);
    expect(parseIntentions("read", '{"web":[]}', "web")).toEqual(nothing);
  });

  test("the one with the highest precedence comes first", () => {
    const { list } = read(
      { SourceName: "*", Precedence: 8, Action: "deny" },
      { SourceName: "batch", Precedence: 6, DestinationName: "*" },
      { SourceName: "api", Precedence: 9 },
    );
    expect(list.map(({ source, action }) => [source.name, action])).toEqual([
      ["api", "allow"],
      ["*", "deny"],
      ["batch", "allow"],
    ]);
  });

  test("a source has a partition and a namespace, the default ones if it says none", () => {
    const { list } = read(
      { SourceNS: "", Action: "deny" },
      { SourceNS: "*", SourcePartition: "retail", SourceName: "*", Precedence: 8 },
    );
    expect(list[0]?.source).toEqual(API);
    expect(list[1]?.source).toEqual({ partition: "retail", namespace: "*", name: "*" });
  });

  test.each([
    [[{}], "none"],
    [[{ SourceName: "*" }], "service"],
    [[{ SourceName: "*", DestinationName: "*" }], "all"],
    [[{ SourceName: "*" }, { SourceName: "*", DestinationName: "*" }], "all"],
    [[{ DestinationName: "*" }], "none"],
  ])("wildcards are told: %j is %s", (list, wildcard) => {
    expect(read(...list).wildcard).toBe(wildcard);
  });

  test("permissions are read, each condition as it counts in Consul", () => {
    const Permissions = [
      {
        Action: "allow",
        HTTP: {
          PathExact: "/a",
          Header: [
            { Name: "X-Role", Exact: "ops" },
            { Name: "x-role", Present: true, Invert: true },
            { Name: "x", Prefix: "p", IgnoreCase: true },
            { Name: "x", Suffix: "s" },
            { Name: "x", Contains: "c" },
            { Name: "x", Regex: "r" },
          ],
          Methods: ["get", "PUT"],
        },
      },
      { Action: "deny", HTTP: { PathPrefix: "/b" } },
      { Action: "deny", HTTP: { PathRegex: "/c.*" } },
      { Action: "allow" },
    ];
    const { list, flaws } = read({ Action: "", Permissions });
    const condition = { name: "x", ignoreCase: false, invert: false };
    expect(flaws).toEqual([]);
    expect(list).toEqual([
      {
        source: API,
        action: "permissions",
        permissions: [
          {
            action: "allow",
            path: { is: "exact", value: "/a" },
            methods: ["GET", "PUT"],
            headers: [
              { ...condition, name: "x-role", is: "exact", value: "ops" },
              { ...condition, name: "x-role", is: "present", value: "", invert: true },
              { ...condition, is: "prefix", value: "p", ignoreCase: true },
              { ...condition, is: "suffix", value: "s" },
              { ...condition, is: "contains", value: "c" },
              { ...condition, is: "regex", value: "r" },
            ],
          },
          { action: "deny", path: { is: "prefix", value: "/b" }, methods: [], headers: [] },
          { action: "deny", path: { is: "regex", value: "/c.*" }, methods: [], headers: [] },
          { action: "allow", path: undefined, methods: [], headers: [] },
        ],
      },
    ]);
  });

  test("those of a peered cluster are about certificates that are not trusted here", () => {
    expect(read({ SourcePeer: "cluster-02" }, { Action: "deny" }).list).toEqual([
      { source: API, action: "deny", permissions: [] },
    ]);
  });
});

describe("what cannot be judged is denied", () => {
  const allow = { Action: "allow", HTTP: { PathPrefix: "/" } };
  test.each([
    ["a JWT of all", { JWT: { Providers: [{ Name: "okta" }] } }, "a JWT is wanted"],
    ["a JWT of one permission", { Permissions: [allow, { ...allow, JWT: {} }] }, "a JWT is wanted"],
    ["a sameness group", { SourceSamenessGroup: "all" }, "sameness groups"],
    ["another type of source", { SourceType: "external" }, "sources of type external"],
    [
      "an unknown condition",
      { Permissions: [{ ...allow, GRPC: {} }] },
      "a permission with a condition",
    ],
    [
      "an unknown condition of HTTP",
      { Permissions: [{ Action: "allow", HTTP: { PathTemplate: "/{a}" } }] },
      "a permission with a condition",
    ],
    [
      "an unknown condition on a field",
      { Permissions: [{ Action: "allow", HTTP: { Header: [{ Name: "a", Near: "b" }] } }] },
      "a permission with a condition",
    ],
    [
      "a field without a condition",
      { Permissions: [{ Action: "allow", HTTP: { Header: [{ Name: "a" }] } }] },
      "a permission with a condition",
    ],
    [
      "a field of HTTP/2 that is none",
      { Permissions: [{ Action: "allow", HTTP: { Header: [{ Name: ":path", Exact: "/" }] } }] },
      "a permission with a condition",
    ],
    ["an unknown action", { Permissions: [{ Action: "log" }] }, "a permission with a condition"],
  ])("%s", (_, over, flaw) => {
    const { list, flaws } = read(over);
    expect(list).toEqual([{ source: API, action: "deny", permissions: [] }]);
    expect(flaws).toEqual([expect.stringContaining(`source api: ${flaw}`)]);
  });

  test.each(["permit", "", undefined])("an action that is %j", (Action) => {
    expect(read({ Action }).list[0]?.action).toBe("deny");
  });
});

test.each([
  ["no JSON", "nothing"],
  ["another service", '{"api":[]}'],
  ["a list", "[]"],
  ["an intention without a source", '{"web":[{"Precedence":9,"DestinationName":"web"}]}'],
  ["an intention without a precedence", '{"web":[{"SourceName":"a","DestinationName":"web"}]}'],
])("an answer with %s is not read", (_, text) => {
  expect(() => parseIntentions("read intentions", text, "web")).toThrow(
    /^Cannot read intentions: Consul's answer/,
  );
});

test("more intentions than anybody has are not read", () => {
  const list = Array.from({ length: 10_001 }, (_, at) => ({ SourceName: `s${at}` }));
  expect(() => read(...list)).toThrow(/holds no intentions/);
});
