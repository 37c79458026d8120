import { describe, expect, test } from "vitest";
import { readBy } from "../../../control/config/problems.ts";
import { serviceSchema } from "../../../control/config/service-schema.ts";
import type { FilterSnapshot } from "../../../proxy/table/snapshot.ts";

/** What a service with these filters is read as. */
function read(filters: unknown): readonly FilterSnapshot[] | readonly string[] {
  const result = readBy(serviceSchema, { versions: { v1: { endpoints: ["a:1"] } }, filters });
  if (result.kind === "read") return result.value.filters;
  return result.problems.map(({ path, wanted, found }) => `${path}: ${wanted}; ${found}`);
}

describe("filters of a service", () => {
  test("are read with their defaults, named after their file", () => {
    expect(
      read([{ module: "./rules/headers.ts" }, { module: "/x/auth.mjs", name: "auth-2" }]),
    ).toEqual([
      {
        name: "headers",
        module: "./rules/headers.ts",
        options: {},
        onError: "bypass",
        timeoutMs: 5,
      },
      { name: "auth-2", module: "/x/auth.mjs", options: {}, onError: "bypass", timeoutMs: 5 },
    ]);
    expect(read(undefined)).toEqual([]);
  });

  test("are read with what they say", () => {
    const said = { onError: "closed", timeout: "1s", options: { a: { b: [1, null] } } };
    expect(read([{ module: "a.js", ...said }])).toEqual([
      { name: "a", module: "a.js", options: said.options, onError: "closed", timeoutMs: 1000 },
    ]);
    expect(read([{ module: "a.js", timeout: 0 }])).toMatchObject([{ timeoutMs: 0 }]);
  });

  test.each<[string, unknown, readonly string[]]>([
    ["no module", [{}], ["filters[0].module: a text; nothing"]],
    [
      "another kind of file",
      [{ module: "a.wasm" }],
      ['filters[0].module: a file that ends in .js, .mjs, .ts, .mts; "a.wasm"'],
    ],
    [
      "a file name that is no name",
      [{ module: "./-.ts" }],
      ["filters[0].name: a name, as that of the module's file is none; nothing"],
    ],
    [
      "two of one name",
      [{ module: "x/a.ts" }, { module: "y/a.ts" }],
      ['filters[1].name: a name that no other filter of the service has; "a"'],
    ],
    [
      "another policy",
      [{ module: "a.ts", onError: "open" }],
      ['filters[0].onError: one of bypass, closed; "open"'],
    ],
    [
      "too many",
      Array.from({ length: 17 }, (_, at) => ({ module: `f${at}.ts` })),
      ["filters: a list of at most 16; a list of 17"],
    ],
  ])("are refused: %s", (_what, filters, problems) => {
    expect(read(filters)).toEqual(problems);
  });
});
