import { expect, test } from "vitest";
import { assertNothingHidden, withoutSecrets } from "../../../control/table/hidden-values.ts";

const OPTIONS = {
  key: "secret",
  port: 1,
  on: true,
  none: null,
  list: ["secret", { inner: "secret" }],
  reference: "${KEY}",
  fallback: "${KEY:-secret}",
  empty: "${KEY:-}",
  mixed: "Bearer ${KEY}!",
  dollars: "a$$b",
  nothing: "",
};

test("withoutSecrets() hides options of filters, and keeps keys and references", () => {
  const document = { timeout: "5s", filters: [{ module: "./a.ts", options: OPTIONS }] };
  expect(withoutSecrets(document)).toEqual({
    isWhole: false,
    value: {
      timeout: "5s",
      filters: [
        {
          module: "./a.ts",
          options: {
            key: "(hidden)",
            port: "(hidden)",
            on: true,
            none: null,
            list: ["(hidden)", { inner: "(hidden)" }],
            reference: "${KEY}",
            fallback: "${KEY:-(hidden)}",
            empty: "${KEY:-}",
            mixed: "(hidden)${KEY}(hidden)",
            dollars: "(hidden)",
            nothing: "",
          },
        },
      ],
    },
  });
});

test("withoutSecrets() hides what routes compare with, and not where they lead", () => {
  const match = { path: "/a", headers: { "x-key": "s" }, query: { q: "s" }, cookies: { c: "s" } };
  expect(withoutSecrets({ routes: [{ match, to: "v2", timeout: "1s" }] }).value).toEqual({
    routes: [
      {
        match: {
          path: "/a",
          headers: { "x-key": "(hidden)" },
          query: { q: "(hidden)" },
          cookies: { c: "(hidden)" },
        },
        to: "v2",
        timeout: "1s",
      },
    ],
  });
});

test("withoutSecrets() hides what health checks send, which may be a password", () => {
  const healthCheck = { kind: "tcp", send: "AUTH secret", expect: "+OK" };
  expect(withoutSecrets({ healthCheck })).toEqual({
    isWhole: false,
    value: { healthCheck: { ...healthCheck, send: "(hidden)" } },
  });
  const hex = { kind: "tcp", send: { hex: "41" } };
  expect(withoutSecrets({ healthCheck: hex }).value).toEqual({
    healthCheck: { ...hex, send: { hex: "(hidden)" } },
  });
});

test("withoutSecrets() hides what routes put into fields, and shows which", () => {
  const request = { set: { authorization: "Bearer secret" }, add: { a: ["b"] }, remove: ["c"] };
  expect(withoutSecrets({ routes: [{ match: {}, request, response: request }] }).value).toEqual({
    routes: [
      {
        match: {},
        request: { set: { authorization: "(hidden)" }, add: { a: ["(hidden)"] }, remove: ["c"] },
        response: { set: { authorization: "(hidden)" }, add: { a: ["(hidden)"] }, remove: ["c"] },
      },
    ],
  });
});

test.each([
  ["a service without any", { versions: { v1: { weight: 1 } }, filters: [{ module: "./a.ts" }] }],
  ["references", { filters: [{ options: { key: "${KEY}" } }] }],
  ["nothing", undefined],
  ["something else", ["secret"]],
  ["other shapes", { filters: "x", routes: [1, null] }],
])("withoutSecrets() has nothing to hide in %s", (_name, part) => {
  expect(withoutSecrets(part)).toEqual({ value: part, isWhole: true });
});

test("assertNothingHidden() tells where values are missing", () => {
  expect(() => assertNothingHidden("the body", { filters: [{ options: OPTIONS }] })).not.toThrow();
  const read = withoutSecrets({ filters: [{ options: { a: { b: "x" } } }] }).value;
  expect(() => assertNothingHidden("the body", read)).toThrow(
    "Cannot read the body: filters[0].options.a.b: wanted the value itself, " +
      'found "(hidden)", which stands for one that its reader may not see',
  );
});
