import { expect, test } from "vitest";
import { policyText, rulesOf, stickyText } from "../../../control/page/service-document.ts";

test.each([
  [{ shed: 0 }, ""],
  [{ shed: 3 }, "3 requests shed by limits"],
  [{ shed: 0, shadow: { compared: 9, different: 2 } }, "2 of 9 mirrored answers differ"],
  [{ shed: 1, shadow: { compared: 9, different: 0 } }, "shed by limits · 0 of 9 mirrored"],
])("policyText(%j) says %s", (service, text) => {
  expect(policyText(service)).toContain(text);
});

test.each([
  [{}, "not sticky"],
  [{ affinity: { header: "X-User" } }, "sticky by x-user"],
  [{ affinity: { cookie: "sid" } }, "sticky by cookie sid"],
  [{ affinity: { cookie: { name: "sid" } } }, "sticky by cookie sid"],
  [{ affinity: { clientIp: true } }, "sticky by address"],
])("stickyText(%j) is %s", (document, text) => {
  expect(stickyText(document)).toBe(text);
});

test("rulesOf() know who checks endpoints, and how slowly they start", () => {
  expect(rulesOf({})).toEqual({ isChecked: false, slowStartMs: 0 });
  expect(rulesOf({ healthCheck: {}, slowStart: "1.5m" })).toEqual({
    isChecked: true,
    slowStartMs: 90_000,
  });
  expect(rulesOf({ versions: { v1: {}, v2: { consul: {} } }, slowStart: 0 })).toEqual({
    isChecked: true,
    slowStartMs: 0,
  });
});
