import { expect, test } from "vitest";
import { deniedRead, filteredError } from "../../../control/registry/read-rights.ts";
import { openConsulBed } from "../../support/fake-consul-bed.ts";

const signal = new AbortController().signal;
const WEB = { action: "read service web", service: "web", datacenter: undefined, nodes: ["n1"] };

test("deniedRead() knows of nothing denied where there are no ACLs", async () => {
  const { deps } = await openConsulBed();
  expect(await deniedRead(deps.client, WEB, signal)).toBeUndefined();
});

test("deniedRead() names what the token may not read", async () => {
  const { consul, deps } = await openConsulBed();
  consul.denied.add("service web").add("node n2");
  const denied = await deniedRead(deps.client, { ...WEB, nodes: ["n1", "n2"] }, signal);
  expect(denied?.code).toBe("consul_denied");
  expect(denied?.message).toBe(
    "Cannot read service web: Permission denied " +
      "(the token has no service:read of web, node:read of n2)",
  );
  expect(await deniedRead(deps.client, { ...WEB, service: "shop" }, signal)).toBeUndefined();
});

test("deniedRead() asks the datacenter that was read", async () => {
  const { consul, deps } = await openConsulBed();
  await deniedRead(deps.client, { ...WEB, datacenter: "dc2" }, signal);
  expect(consul.asked).toEqual(["POST internal/acl/authorize?dc=dc2"]);
});

test("filteredError() says that something was left out", () => {
  expect(filteredError("read service web").message).toMatch(
    /^Cannot read service web: Consul leaves out/,
  );
});
