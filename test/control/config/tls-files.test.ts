import { expect, test } from "vitest";
import { identityId, pathsOf, trustId } from "../../../control/config/tls-files.ts";

test("identityId() and trustId() are the same however a path is written", () => {
  expect(identityId("./tls//shop.pem")).toBe("file:tls/shop.pem");
  expect(identityId("tls/old/../shop.pem")).toBe("file:tls/shop.pem");
  expect(trustId("/etc/tls/ca.pem")).toBe("ca:/etc/tls/ca.pem");
});

test("pathsOf() names certificates, keys and roots", () => {
  const pair = { cert: "a.pem", key: "a.key", names: undefined };
  expect(pathsOf({ certificates: [pair], ca: "ca.pem" })).toEqual(["a.pem", "a.key", "ca.pem"]);
  expect(pathsOf({ certificates: [], ca: undefined })).toEqual([]);
});
