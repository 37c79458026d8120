import { expect, test } from "vitest";
import { corsSchema } from "../../../control/config/cors-schema.ts";

test("corsSchema fills what a document leaves out", () => {
  expect(corsSchema.parse({ origins: ["https://*.shop.example"], maxAge: "90s" })).toEqual({
    origins: ["https://*.shop.example"],
    methods: ["GET", "HEAD", "POST"],
    headers: [],
    exposed: [],
    credentials: false,
    maxAgeS: 90,
  });
});

test.each([
  "shop.example",
  "https://shop.example/",
  "https://Shop.example",
  "https://shop.example:443",
  "https://*",
  "https://a.*.example",
  "ftp://shop.example",
  "null",
  "",
])("corsSchema refuses %j, which is no origin as browsers write it", (origin) => {
  expect(corsSchema.safeParse({ origins: [origin] }).success).toBe(false);
});

test("corsSchema refuses credentials for everybody, which browsers do not take", () => {
  expect(corsSchema.safeParse({ origins: ["*"], credentials: true }).success).toBe(false);
  expect(corsSchema.safeParse({ origins: ["*"] }).success).toBe(true);
});
