import { expect, test } from "vitest";
import { rolloutsSchema } from "../../../control/config/rollouts-schema.ts";

const HOOK = { url: "https://ci.internal/gate", secretFile: "ci.key" };

test("rolloutsSchema names nothing by default, and fills times and tries", () => {
  expect(rolloutsSchema.parse(undefined)).toEqual({ hooks: {}, metrics: {} });
  const json = { json: "http://127.0.0.1/rates/{{to}}", pointer: "/rate" };
  expect(rolloutsSchema.parse({ hooks: { ci: HOOK }, metrics: { rate: json } })).toEqual({
    hooks: { ci: { ...HOOK, timeout: 10_000, retries: 3 } },
    metrics: { rate: { ...json, timeout: 5_000 } },
  });
});

test.each([
  [{ hooks: { ci: { ...HOOK, url: "https://ann:secret@ci.internal/" } } }],
  [{ hooks: { ci: { ...HOOK, url: "file:///etc/passwd" } } }],
  [{ hooks: { ci: { url: HOOK.url } } }],
  [{ hooks: { ci: { ...HOOK, timeout: "2m" } } }],
  [{ metrics: { rate: { prometheus: "http://127.0.0.1" } } }],
  [{ metrics: { rate: { json: "http://127.0.0.1", pointer: "rate" } } }],
])("rolloutsSchema refuses %j", (config) => {
  expect(rolloutsSchema.safeParse(config).success).toBe(false);
});
