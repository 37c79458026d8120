import { describe, expect, test } from "vitest";
import { accessLogSchema, accessLogSpec } from "../../../control/config/access-log-schema.ts";
import type { AccessLogSpec } from "../../../proxy/table/access-log-spec.ts";

function specOf(written: object): AccessLogSpec {
  return accessLogSpec(accessLogSchema.parse(written), (path) => `/etc/sluice/${path}`);
}

/** Paths of the values that are refused. */
function refused(written: object): readonly string[] {
  const read = accessLogSchema.safeParse(written);
  return read.success ? [] : read.error.issues.map(({ path }) => path.join("."));
}

describe("accessLog", () => {
  test("goes to standard output as JSON, whole, without what is often secret", () => {
    const { path, format, sample, slowMs, filter } = specOf({});
    expect([path, sample, slowMs, filter]).toEqual([undefined, 1, 1_000, []]);
    const fields = format.kind === "json" ? format.fields : [];
    expect(fields).toContain("path");
    for (const field of ["query", "referer"]) expect(fields).not.toContain(field);
  });

  test("goes to a file beside the configuration", () => {
    expect(specOf({ path: "access.log", format: "combined" })).toMatchObject({
      path: "/etc/sluice/access.log",
      format: { kind: "combined" },
    });
  });

  test("reads a template as texts and fields in turn", () => {
    const { format } = specOf({ template: "{client} [{method}] {durationMs}" });
    expect(format).toEqual({
      kind: "template",
      literals: ["", " [", "] ", ""],
      fields: ["client", "method", "durationMs"],
    });
  });

  test.each([
    ["a field that there is not", { template: "{client} {cookie}" }, ["template"]],
    ["a template of two lines", { template: "{client}\n" }, ["template"]],
    ["two formats", { template: "{client}", format: "json" }, ["template"]],
    [
      "fields beside a format that has its own",
      { format: "combined", fields: ["path"] },
      ["fields"],
    ],
    ["a sample of nothing", { filter: ["errors"], sample: 0.1 }, ["sample"]],
    ["more than everything", { sample: 2 }, ["sample"]],
    ["a field twice", { fields: ["path", "path"] }, ["fields"]],
  ])("refuses %s", (_what, written, paths) => {
    expect(refused(written)).toEqual(paths);
  });
});
