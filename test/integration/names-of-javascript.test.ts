import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { FakeConsul } from "../support/fake-consul.ts";
import { startSidecar } from "../support/sidecar.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { VersionOrigin } from "../support/version-origin.ts";

/*
 * Goal: names that every object of JavaScript has are names like any other. Method: a sidecar whose
 * services and versions have only such names goes through everything that the API does.
 */

/** A service with these versions, of which Consul knows the endpoints. */
function versions(weights: Readonly<Record<string, number>>): object {
  const entries = Object.entries(weights).map(([version, weight]) => [
    version,
    { weight, consul: { service: "constructor", version } },
  ]);
  return { versions: Object.fromEntries(entries) };
}

test("a sidecar with JavaScript's own names starts, shifts, reloads and restarts", async () => {
  await using consul = await FakeConsul.start();
  using origin = await VersionOrigin.start("valueOf");
  const Service = {
    Address: "127.0.0.1",
    Port: Number(origin.address.split(":")[1]),
    Meta: { version: "valueOf" },
  };
  consul.health.set("constructor", [{ Node: { Address: "127.0.0.1" }, Service }]);
  const copies = await temporaryFolder();
  const common = { consul: { address: consul.address, sidecar: "constructor", copies } };
  const services = { constructor: versions({ valueOf: 9, toString: 1 }) };
  const sidecar = await startSidecar({
    ...common,
    listeners: [{ bind: "127.0.0.1:0", service: "constructor" }],
    services: { ...services, hasOwnProperty: versions({ valueOf: 1 }) },
  });
  onTestFinished(sidecar.stop);
  const { call } = sidecar;

  const put = await call(
    "PUT",
    "/v1/services/toString",
    versions({ valueOf: 1, isPrototypeOf: 0 }),
  );
  expect(put.status).toBe(201);
  const added = { valueOf: 8, toString: 1, constructor: 1 };
  const plan = await call("POST", "/v1/services/constructor/plan", versions(added));
  expect(await plan.json()).toMatchObject({ versions: { constructor: { share: { before: 0 } } } });
  expect((await call("PUT", "/v1/services/constructor", versions(added))).status).toBe(200);
  const shift = await call("PATCH", "/v1/services/constructor/weights", { constructor: 3 });
  expect(await shift.json()).toMatchObject({ weights: { ...added, constructor: 3 } });
  const state = "/v1/services/constructor/versions/constructor/state";
  expect((await call("PUT", state, { state: "drain" })).status).toBe(200);
  const got = await (await call("GET", "/v1/services/constructor")).json();
  expect(got).toMatchObject({ shares: { valueOf: 8 / 12, constructor: 3 / 12 } });
  const unknown = ["GET", "DELETE"].map(
    async (method) => (await call(method, "/v1/services/__proto__")).status,
  );
  expect(await Promise.all(unknown)).toEqual([404, 404]);
  const proto = await call("PUT", "/v1/services/__proto__", versions({ valueOf: 1 }));
  expect(proto.status).toBe(422);
  const answer = await fetch(`http://127.0.0.1:${sidecar.ports[0]}/`);
  expect(answer.status).toBe(200);
  expect(await (await call("GET", "/metrics")).text()).toContain(
    'sluice_requests_total{service="constructor",version="valueOf",code="2xx"} 1',
  );

  // Taken out of the file, both are removed: neither is "still there" because objects have one.
  const copy = join(copies, "constructor/endpoints.json");
  const kept = async (): Promise<object> => JSON.parse(await readFile(copy, "utf8")) as object;
  await eventually(async () => expect(Object.keys(await kept())).toContain("constructor"));
  const shop = { services: { valueOf: versions({ valueOf: 1 }) } };
  await sidecar.writeConfig({ ...common, ...shop });
  const why = { "x-sluice-reason": "they are gone" };
  const reload = await call("POST", "/v1/reload?force=true", undefined, why);
  expect(await reload.json()).toMatchObject({
    services: { replaced: ["valueOf"], removed: ["constructor", "hasOwnProperty"] },
  });
  expect((await call("DELETE", "/v1/services/toString")).status).toBe(200);
  const list = await (await call("GET", "/v1/services")).json();
  expect(list).toMatchObject({ services: [{ name: "valueOf" }] });
  await eventually(async () => expect(Object.keys(await kept())).toEqual(["valueOf"]));
  sidecar.child.kill("SIGTERM");
  await sidecar.ended;

  const wider = { services: { valueOf: versions({ valueOf: 1, constructor: 1 }) } };
  const second = await startSidecar({ ...common, ...wider });
  onTestFinished(second.stop);
  expect(await (await second.call("GET", "/v1/services/valueOf")).json()).toMatchObject({
    versions: { valueOf: { endpoints: [{ address: origin.address }] } },
  });
});
