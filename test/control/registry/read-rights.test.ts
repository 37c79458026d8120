import { expect, test } from "vitest";
import { deniedRead, filteredError } from "../../../control/registry/read-rights.ts";
import { openConsulBed } from "../../support/fake-consul-bed.ts";

const signal = new AbortController().signal;

test("deniedRead() knows of nothing denied where there are no ACLs", async () => {
  const { deps } = await openConsulBed();
  expect(await deniedRead(deps.client, { service: "web", nodes: ["n1"] }, signal)).toBeUndefined();
});

test("deniedRead() names what the token may not read", async () => {
  const { consul, deps } = await openConsulBed();
  consul.denied.add("service web").add("node n2");
  const nodes = ["n1", "n2"];
  const denied = await deniedRead(deps.client, { service: "web", nodes }, signal);
  expect(denied?.code).toBe("consul_denied");
  expect(denied?.message).toBe(
    "Cannot read service web: Permission denied " +
      "(the token has no service:read of web, node:read of n2)",
  );
  expect(await deniedRead(deps.client, { service: "shop", nodes: ["n1"] }, signal)).toBeUndefined();
});

test("filteredError() says that something was left out", () => {
  expect(filteredError("web").message).toMatch(/^Cannot read service web: Consul leaves out/);
});
