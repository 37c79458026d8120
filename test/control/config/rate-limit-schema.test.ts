import { expect, test } from "vitest";
import { rateLimitSchema } from "../../../control/config/rate-limit-schema.ts";

test.each([
  [{ requests: 5 }, { requests: 5, perS: 1, by: undefined, keysMax: 10_000 }],
  [
    { requests: 5, per: "1m", by: { header: "X-Key" }, keys: 3 },
    { requests: 5, perS: 60, by: { kind: "header", name: "x-key" }, keysMax: 3 },
  ],
  [
    { requests: 1, by: { cookie: "Sid" } },
    { requests: 1, perS: 1, by: { kind: "cookie", name: "Sid" }, keysMax: 10_000 },
  ],
  [
    { requests: 1, by: { clientIp: true } },
    { requests: 1, perS: 1, by: { kind: "clientIp" }, keysMax: 10_000 },
  ],
])("rateLimitSchema reads %j", (document, limit) => {
  expect(rateLimitSchema.parse(document)).toEqual(limit);
});

test.each([
  [{}, "requests"],
  [{ requests: 0 }, "requests"],
  [{ requests: 1, per: "1500ms" }, "per"],
  [{ requests: 1, per: "25h" }, "per"],
  [{ requests: 1, by: {} }, "by"],
  [{ requests: 1, by: { header: "a", cookie: "b" } }, "by"],
  [{ requests: 1, keys: 0 }, "keys"],
])("rateLimitSchema refuses %j for its %s", (document, path) => {
  const { error } = rateLimitSchema.safeParse(document);
  expect(error?.issues.map((issue) => issue.path[0])).toEqual([path]);
});
