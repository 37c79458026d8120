import { describe, expect, test } from "vitest";
import { lineFormat } from "../../../proxy/access-log/format.ts";
import type { LineFormat } from "../../../proxy/access-log/format.ts";
import type { AccessEntry } from "../../../proxy/access-log/entry.ts";
import { accessEntry } from "./entry-fixture.ts";
import { bytesOf } from "./line-fixture.ts";

const AT = Date.parse("2026-11-29T12:00:00.042Z");

function written(format: LineFormat, entry: AccessEntry): string {
  return bytesOf((bytes) => format.write(bytes, { entry, wallMs: AT }, undefined));
}

describe("A line of", () => {
  test("JSON has these fields in this order, and leaves out what there is not", () => {
    const fields = ["time", "status", "durationMs", "error", "path", "userAgent"] as const;
    const line = written(lineFormat({ kind: "json", fields }), accessEntry());
    expect(line).toBe(
      '{"time":"2026-11-29T12:00:00.042Z","status":200,"durationMs":1.235,"path":"/a",' +
        '"userAgent":"curl/8 \\"x\\""}\n',
    );
  });

  test("JSON has quotes around texts, and none around numbers, whatever is beside them", () => {
    const fields = ["status", "attempts", "method", "error", "host", "responseBytes"] as const;
    const line = written(lineFormat({ kind: "json", fields }), accessEntry());
    const { status, attempts, method, host, responseBytes } = accessEntry();
    expect(JSON.parse(line)).toEqual({ status, attempts, method, host, responseBytes });
    expect(line).toMatch(/^\{"status":\d+,"attempts":\d+,"method":"\w+","host":"[^"]+","resp/);
  });

  test("JSON is an object even when there is nothing to say", () => {
    const line = written(lineFormat({ kind: "json", fields: ["error"] }), accessEntry());
    expect(line).toBe("{}\n");
  });

  test("NCSA's combined format has neither query strings nor passwords", () => {
    const line = written(lineFormat({ kind: "combined" }), accessEntry());
    expect(line).toBe(
      '192.0.2.1 - - [29/Nov/2026:12:00:00 +0000] "GET /a HTTP/1.1" 200 512 ' +
        '"https://shop.example/x" "curl/8 \\"x\\""\n',
    );
  });

  test("NCSA's combined format has a hyphen for what there is not", () => {
    const tunnel = { method: "", path: "", protocol: "TCP", status: undefined, client: "" };
    const entry = accessEntry({ ...tunnel, referer: "", userAgent: "" });
    expect(written(lineFormat({ kind: "combined" }), entry)).toBe(
      '- - - [29/Nov/2026:12:00:00 +0000] "- - TCP" - 512 "-" "-"\n',
    );
  });

  test("a template has its texts between the fields", () => {
    const literals = ["<", "> ", " [", "]"];
    const fields = ["method", "query", "error"] as const;
    const line = written(lineFormat({ kind: "template", literals, fields }), accessEntry());
    expect(line).toBe("<GET> token=secret [-]\n");
  });
});
