import { expect, test } from "vitest";
import { readBy } from "../../../control/config/problems.ts";
import { serviceSchema } from "../../../control/config/service-schema.ts";

/** What a service with this check is read as. */
function read(healthCheck: unknown): unknown {
  const result = readBy(serviceSchema, { versions: { v1: { endpoints: ["a:1"] } }, healthCheck });
  if (result.kind === "read") return result.value.healthCheck;
  return result.problems.map(({ path, wanted, found }) => `${path}: ${wanted}; ${found}`);
}

const DEFAULTS = { intervalMs: 5_000, timeoutMs: 2_000, rise: 2, fall: 3 };

test.each([
  [{ path: "/up" }, { kind: "http", path: "/up" }],
  [
    { kind: "http", path: "/up?deep" },
    { kind: "http", path: "/up?deep" },
  ],
  [{ kind: "grpc" }, { kind: "grpc", service: "" }],
  [
    { kind: "grpc", service: "shop.v1.Cart" },
    { kind: "grpc", service: "shop.v1.Cart" },
  ],
])("healthCheck %j asks %j", (healthCheck, question) => {
  expect(read(healthCheck)).toEqual({ question, ...DEFAULTS });
});

test.each<[unknown, readonly string[]]>([
  [{}, ["healthCheck.path: a text; nothing"]],
  [{ kind: "icmp" }, ['healthCheck.kind: one of http, grpc; "icmp"']],
  [
    { kind: "grpc", path: "/up" },
    [
      "healthCheck.path: one of the keys kind, service, interval, timeout, rise, fall; " +
        "an unknown key",
    ],
  ],
  [
    { kind: "grpc", service: "shop/Cart" },
    ['healthCheck.service: the full name of a service of gRPC, such as shop.Cart; "shop/Cart"'],
  ],
])("healthCheck %j is refused", (healthCheck, problems) => {
  expect(read(healthCheck)).toEqual(problems);
});
