import { expect, test } from "vitest";
import { importService } from "../../../control/registry/import-service.ts";
import { openConsulBed } from "../../support/fake-consul-bed.ts";
import type { FakeConsulBed } from "../../support/fake-consul-bed.ts";
import type { GivenEntries } from "./import-fixture.ts";

const OPTIONS = { warningIsHealthy: true };

async function bedWith(given: GivenEntries): Promise<FakeConsulBed> {
  const bed = await openConsulBed();
  for (const [key, fields] of Object.entries(given)) {
    const [Kind, Name] = key.split("/");
    bed.consul.entries.set(key, { Kind, Name, CreateIndex: 3, ModifyIndex: 4, ...fields });
  }
  return bed;
}

test("importService() reads the entries of all services that those of one lead to", async () => {
  const { consul, deps } = await bedWith({
    "service-router/web": { Routes: [{ Destination: { Service: "admin" } }] },
    "service-splitter/web": { Splits: [{ Weight: 90 }, { Weight: 10, Service: "beta" }] },
    "service-resolver/beta": { Redirect: { Service: "gamma" } },
    "service-resolver/gamma": { Failover: { "*": { Targets: [{ Service: "backup" }] } } },
    "service-resolver/admin": { Meta: { team: "shop" } },
    "service-router/beta": { Routes: [{ Match: { HTTP: { PathRegex: "unheard" } } }] },
  });
  const { document, notes } = await importService(deps.client, "web", OPTIONS);
  expect(document).toMatchObject({ stable: "backup", routes: [{ match: {}, to: "admin" }] });
  expect(Object.keys(document.versions)).toEqual(["web", "beta", "backup", "admin"]);
  expect(document.versions["beta"]?.consul).toEqual({ service: "gamma" });
  expect(notes).toContain("service-resolver admin, Meta: a service of Sluice has no labels");
  expect(consul.asked.filter((asked) => asked.includes("service-router"))).toHaveLength(1);
});

test("importService() refuses with everything that it cannot say, at once", async () => {
  const { deps } = await bedWith({
    "service-splitter/web": { Splits: [{ Weight: 100, ResponseHeaders: { Remove: ["x"] } }] },
    "service-resolver/web": { LoadBalancer: { Policy: "ring_hash" } },
  });
  await expect(importService(deps.client, "web", OPTIONS)).rejects.toThrow(
    /^Cannot import web: service-resolver web, LoadBalancer\.Policy: .*; service-splitter web, /,
  );
});

test("importService() refuses what a configuration would not take", async () => {
  const { deps } = await bedWith({
    "service-splitter/7": { Splits: [{ Weight: 100, Service: "__proto__" }] },
  });
  await expect(importService(deps.client, "7", OPTIONS)).rejects.toThrow(
    /service 7: no name for a service here; .*; versions.__proto__: wanted /,
  );
});

test("importService() of a name that Consul knows no entry of is refused in words", async () => {
  const { deps } = await openConsulBed();
  await expect(importService(deps.client, "web", OPTIONS)).rejects.toThrow(
    "Cannot import web: " +
      "Consul has no service-router, service-splitter or service-resolver of that name",
  );
});

test("importService() reads the entries of 64 services at most", async () => {
  const entries = Array.from({ length: 70 }, (_, index) => [
    `service-resolver/s${index}`,
    { Redirect: { Service: `s${index + 1}` } },
  ]);
  const { deps } = await bedWith(Object.fromEntries(entries) as GivenEntries);
  await expect(importService(deps.client, "s0", OPTIONS)).rejects.toThrow(
    "Cannot import s0: its entries lead to more than 64 services",
  );
});
