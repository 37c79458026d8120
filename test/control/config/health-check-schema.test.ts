import { expect, test } from "vitest";
import { readBy } from "../../../control/config/problems.ts";
import { serviceSchema } from "../../../control/config/service-schema.ts";

/** What a service with this check is read as. */
function read(healthCheck: unknown): unknown {
  const result = readBy(serviceSchema, { versions: { v1: { endpoints: ["a:1"] } }, healthCheck });
  if (result.kind === "read") return result.value.healthCheck;
  return result.problems.map(({ path, wanted, found }) => `${path}: ${wanted}; ${found}`);
}

const TCP = { kind: "tcp", send: undefined, expect: undefined, proxyProtocol: undefined };
const BYTES = 'a text or { hex: "0d0a" }, of 1 to 1024 bytes';

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
  [{ kind: "tcp" }, TCP],
  [
    { kind: "tcp", send: "PING\r\n", expect: { hex: "2b504F" } },
    { ...TCP, send: "PING\r\n", expect: "+PO" },
  ],
  [
    { kind: "tcp", expect: "ü" },
    { ...TCP, expect: "\u00c3\u00bc" },
  ],
])("healthCheck %j asks %j", (healthCheck, question) => {
  expect(read(healthCheck)).toEqual({ question, ...DEFAULTS });
});

test.each<[unknown, readonly string[]]>([
  [{}, ["healthCheck.path: a text; nothing"]],
  [{ kind: "icmp" }, ['healthCheck.kind: one of http, grpc, tcp; "icmp"']],
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
  [{ kind: "tcp", send: "" }, [`healthCheck.send: ${BYTES}; ""`]],
  [{ kind: "tcp", send: { hex: "0" } }, [`healthCheck.send.hex: ${BYTES}; "0"`]],
  [{ kind: "tcp", expect: 5 }, [`healthCheck.expect: ${BYTES}; 5`]],
  [
    { kind: "tcp", expect: { hex: "00".repeat(1_025) } },
    [`healthCheck.expect: ${BYTES}; an object`],
  ],
])("healthCheck %j is refused", (healthCheck, problems) => {
  expect(read(healthCheck)).toEqual(problems);
});

test("a check of a service whose endpoints want the PROXY protocol begins with it", () => {
  const service = {
    kind: "tcp",
    versions: { v1: { endpoints: ["a:1"] } },
    upstream: { proxyProtocol: "v2" },
  };
  expect(readBy(serviceSchema, { ...service, healthCheck: { kind: "tcp" } })).toMatchObject({
    value: { healthCheck: { question: { ...TCP, proxyProtocol: "v2" } } },
  });
  expect(readBy(serviceSchema, { ...service, healthCheck: { path: "/" } })).toMatchObject({
    problems: [
      {
        path: "healthCheck.kind",
        wanted: "tcp beside upstream.proxyProtocol: v2",
        found: "http",
      },
    ],
  });
});
