import { describe, expect, test } from "vitest";
import type { ServiceDocument } from "../../../control/config/service-schema.ts";
import { NO_TABLE, withDocuments } from "../../../control/table/desired-table.ts";
import type { DesiredTable } from "../../../control/table/desired-table.ts";
import { withFilter } from "../../../control/table/edit-filter.ts";

const versions = { v1: { endpoints: ["a:1"] } };
const DOCUMENTS: Readonly<Record<string, ServiceDocument>> = {
  web: {
    versions,
    filters: [
      { module: "./rules/headers.ts", options: { a: 1 }, timeout: "1s" },
      { name: "auth", module: "./auth.ts" },
    ],
  },
  shop: { versions, filters: [{ name: "headers", module: "./shop.ts" }] },
  none: { versions },
};

const table: DesiredTable = withDocuments(NO_TABLE, new Map(Object.entries(DOCUMENTS)), undefined);

/** The filters that the edit gives each service that it changes. */
function edited(name: string, edit: Parameters<typeof withFilter>[2]): object {
  return Object.fromEntries(
    [...withFilter(table, name, edit)].map(([service, document]) => [service, document?.filters]),
  );
}

describe("withFilter()", () => {
  test("changes the options in every service that has one of this name", () => {
    expect(edited("headers", { options: { b: 2 } })).toEqual({
      web: [
        { module: "./rules/headers.ts", options: { b: 2 }, timeout: "1s" },
        { name: "auth", module: "./auth.ts" },
      ],
      shop: [{ name: "headers", module: "./shop.ts", options: { b: 2 } }],
    });
  });

  test("writes down a name that came from the file's, when another file takes its place", () => {
    expect(edited("headers", { module: "./next.ts" })).toEqual({
      web: [
        { name: "headers", module: "./next.ts", options: { a: 1 }, timeout: "1s" },
        { name: "auth", module: "./auth.ts" },
      ],
      shop: [{ name: "headers", module: "./next.ts" }],
    });
  });

  test("leaves documents as they are when nothing is said", () => {
    expect(edited("auth", {})).toEqual({ web: DOCUMENTS["web"]?.filters });
  });

  test("refuses a name that no service has", () => {
    expect(() => edited("none", {})).toThrow('Cannot find filter "none"');
  });
});
