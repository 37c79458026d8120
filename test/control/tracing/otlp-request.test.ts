import { describe, expect, test } from "vitest";
import {
  exportBody,
  exportOutcome,
  resourceJson,
  tracesUrl,
} from "../../../control/tracing/otlp-request.ts";

test("exportBody() is a request of one resource and one scope", () => {
  const body = exportBody(resourceJson("caf\u00e9", "sluice-1"), '{"name":"a"},{"name":"b"}');
  const { resourceSpans } = JSON.parse(body) as { resourceSpans: readonly object[] };
  expect(resourceSpans).toMatchObject([
    { scopeSpans: [{ scope: { name: "sluice" }, spans: [{ name: "a" }, { name: "b" }] }] },
  ]);
  expect(body).toContain('{"key":"service.name","value":{"stringValue":"caf\\u00e9"}}');
  expect(body).toContain('{"key":"service.instance.id","value":{"stringValue":"sluice-1"}}');
});

test.each([
  ["http://127.0.0.1:4318", "http://127.0.0.1:4318/v1/traces"],
  ["http://127.0.0.1:4318/", "http://127.0.0.1:4318/v1/traces"],
  ["https://a.example/otlp", "https://a.example/otlp/v1/traces"],
])("tracesUrl() of %s is %s", (endpoint, url) => {
  expect(tracesUrl(endpoint)).toBe(url);
});

describe("exportOutcome()", () => {
  test.each([429, 502, 503, 504])("takes %i for a reason to come again", (status) => {
    expect(exportOutcome(status, "")).toEqual({ kind: "again" });
  });

  test.each([301, 400, 401, 404, 413, 500])("takes %i for a no", (status) => {
    expect(exportOutcome(status, "")).toEqual({ kind: "refused" });
  });

  test.each([
    ["", 0],
    ["{}", 0],
    ["null", 0],
    ["[", 0],
    ['{"partialSuccess":{}}', 0],
    ['{"partialSuccess":{"rejectedSpans":"3"}}', 3],
    ['{"partialSuccess":{"rejectedSpans":2}}', 2],
    ['{"partialSuccess":{"rejectedSpans":"many"}}', 0],
    ['{"partialSuccess":{"rejectedSpans":-1}}', 0],
  ])("of 200 with %j has %i rejected", (text, rejected) => {
    expect(exportOutcome(200, text)).toEqual({ kind: "taken", rejected });
  });
});
