import { expect, test } from "vitest";
import { balanceWarnings } from "../../../control/table/balance-warnings.ts";
import { compileService } from "../../../control/config/compile-service.ts";
import { readService } from "../../../control/config/read-service.ts";
import type { ServiceSnapshot } from "../../../proxy/table/snapshot.ts";

const TWO = ["10.0.0.1:80", "10.0.0.2:80"];

/** Service web with two endpoints, as its document says. */
function web(keys: object = {}, endpoints: readonly string[] = TWO): ServiceSnapshot {
  const document = { versions: { v1: { endpoints } }, ...keys };
  return compileService("web", readService("web", document), new Map());
}

function codes(before: ServiceSnapshot | undefined, after: ServiceSnapshot): readonly string[] {
  return balanceWarnings(before, after).map(({ code }) => code);
}

const STICKY = { affinity: { cookie: "sid" }, balance: "affinity" };

test.each([
  ["another balance", { ...STICKY, balance: "p2c" }],
  ["another key", { ...STICKY, affinity: { cookie: "other" } }],
  ["another salt", { ...STICKY, salt: "new" }],
])("balanceWarnings() tells whom %s moves to other endpoints", (_, keys) => {
  expect(codes(web(STICKY), web(keys))).toEqual(["endpoints_change"]);
  expect(codes(web(STICKY, TWO.slice(1)), web(keys, TWO.slice(1)))).toEqual([]);
  expect(codes(undefined, web(keys))).toEqual([]);
});

test("balanceWarnings() has nothing against another balance where nobody sticks", () => {
  expect(codes(web({ balance: "roundRobin" }), web(STICKY))).toEqual([]);
  expect(codes(web(STICKY), web({ ...STICKY, timeout: "5s" }))).toEqual([]);
});

test.each([
  ["hedge", { hedge: {} }, "hedge", TWO.slice(1)],
  ["a route's hedge", { routes: [{ match: { path: "/a" }, hedge: {} }] }, "hedge", TWO.slice(1)],
  ["hedge", { ...STICKY, hedge: {} }, "a key of affinity", TWO],
  ["slowStart", { ...STICKY, slowStart: "10s" }, "slowStart", TWO],
  ["adaptive", { limits: { adaptive: true, inFlight: 6 } }, "inFlight is 6", TWO],
  ["pendingTimeout", { limits: { pending: 0, pendingTimeout: "1s" } }, "pending is 0", TWO],
])("balanceWarnings() tells once that %s does nothing", (_, keys, text, endpoints) => {
  const after = web(keys, endpoints);
  const [warning, ...others] = balanceWarnings(undefined, after);
  expect([warning?.code, others]).toEqual(["no_effect", []]);
  expect(warning?.text).toContain(text);
  expect(codes(after, after)).toEqual([]);
});

test.each([
  ["hedge with two endpoints", { hedge: {} }],
  ["hedge where only versions stick", { affinity: { cookie: "sid" }, hedge: {} }],
  ["slowStart without stickiness", { slowStart: "10s" }],
  ["adaptive with a larger limit", { limits: { adaptive: true, inFlight: 9 } }],
  ["pendingTimeout", { limits: { pendingTimeout: "1s" } }],
])("balanceWarnings() has nothing against %s", (_, keys) => {
  expect(codes(undefined, web(keys))).toEqual([]);
});
