import { expect, test } from "vitest";
import { assertMay, permitOf } from "../../../../control/api/auth/permission.ts";
import type { Principal } from "../../../../control/api/auth/principal.ts";
import type { ServiceDocument } from "../../../../control/config/service-schema.ts";

const CI: Principal = {
  actor: "token:ci",
  role: "shift",
  services: ["web"],
  stands: () => true,
};
const WEB: ServiceDocument = { versions: { v1: { weight: 1 }, v2: { weight: 1 } } };
const SHIFTED: ServiceDocument = { versions: { v1: { weight: 0 }, v2: { weight: 1 } } };

test.each([
  ["look at another service", { role: "read", service: "shop" }],
  ["look at everything", { role: "read", service: undefined }],
  ["shift its own service", { role: "shift", service: "web" }],
] as const)("assertMay() lets somebody who may shift one service %s", (_name, need) => {
  expect(() => assertMay(CI, need)).not.toThrow();
});

test.each([
  ["replace it", "web", "write", "Cannot do this: wanted role write, found role shift of token:ci"],
  ["shift another", "shop", "shift", "wanted only web, as token:ci is limited to, found shop"],
  ["change all", undefined, "shift", "only web, as token:ci is limited to, found a call about all"],
] as const)("assertMay() does not let them %s", (_name, service, role, message) => {
  expect(() => assertMay(CI, { role, service })).toThrow(
    expect.objectContaining({
      code: "forbidden",
      status: 403,
      message: expect.stringContaining(message),
    }),
  );
});

test("assertMay() limits an admin of some services to them, and says when there are none", () => {
  const admin: Principal = { ...CI, role: "admin", services: [] };
  expect(() => assertMay(admin, { role: "shift", service: "web" })).toThrow("wanted no service");
  const everywhere: Principal = { ...admin, services: undefined };
  expect(() => assertMay(everywhere, { role: "admin", service: undefined })).not.toThrow();
});

test("permitOf() judges a write by what it changes and where", () => {
  const permit = permitOf(CI);
  expect(() => permit("web", WEB, SHIFTED)).not.toThrow();
  expect(() => permit("web", WEB, undefined)).toThrow("wanted role write");
  expect(() => permit("shop", WEB, SHIFTED)).toThrow("wanted only web");
});
