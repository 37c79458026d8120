import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { KeptConnection } from "../support/kept-connection.ts";
import type { KeptResponse } from "../support/kept-connection.ts";
import { Load } from "../support/load.ts";
import type { Answered } from "../support/load.ts";
import { startSidecar } from "../support/sidecar.ts";
import type { LogLine, TestSidecar } from "../support/sidecar.ts";
import { VersionOrigin } from "../support/version-origin.ts";

/*
 * Goal: a reload applies what has changed in the file, all or nothing, and touches nothing else.
 * Method: the file is rewritten under a real sidecar, and read again on SIGHUP and on POST
 * /v1/reload.
 */

/** The second listener's place: not the first one's address, as binds are told apart as text. */
const OTHER_HOST = "127.0.0.2";
const FIRST = { bind: "127.0.0.1:0" };
const OTHER = { bind: `${OTHER_HOST}:0` };

let v1: VersionOrigin;
let v2: VersionOrigin;
let sidecar: TestSidecar;

/** A service whose weights say which one it is. */
const service = (v1Weight: number, v2Weight: number, more: object = {}): object => ({
  versions: {
    v1: { weight: v1Weight, endpoints: [v1.address] },
    v2: { weight: v2Weight, endpoints: [v2.address] },
  },
  ...more,
});

/** A configuration in which web is v1, and shop v2. */
const withHosts = (web: readonly string[], shop: readonly string[]): object => ({
  listeners: [FIRST],
  services: { web: service(1, 0, { hosts: web }), shop: service(0, 1, { hosts: shop }) },
});

beforeEach(async () => {
  [v1, v2] = [await VersionOrigin.start("v1"), await VersionOrigin.start("v2")];
  const services = { web: service(1, 0), shop: service(1, 0), old: service(1, 0) };
  sidecar = await startSidecar({ listeners: [FIRST], services });
});
afterEach(async () => {
  await sidecar.stop();
  v1[Symbol.dispose]();
  v2[Symbol.dispose]();
});

/** One request on a connection of its own: the answer's body. */
async function bodyFor(host: string, at = { port: sidecar.ports[0] ?? 0, host: "127.0.0.1" }) {
  const client = await KeptConnection.open(at.port, at.host);
  return client.get(host).then(
    ({ status, body }) => {
      client.close();
      return status === 200 ? body : `status ${status}`;
    },
    (error: unknown) => String(error),
  );
}

async function answerFor(host: string, port: number): Promise<KeptResponse> {
  const client = await KeptConnection.open(port);
  return client.get(host).finally(() => client.close());
}

async function reload(query = ""): Promise<{ status: number; answer: unknown }> {
  const response = await sidecar.call("POST", `/v1/reload${query}`);
  return { status: response.status, answer: await response.json() };
}

async function logged(event: string): Promise<LogLine> {
  return eventually(() => {
    const line = sidecar.log.find((each) => each.event === event);
    if (line === undefined) throw new Error(`No ${event} in the log`);
    return line;
  });
}

/** The port of the listener with this bind that was opened last. */
function portOf(bind: string): number {
  const line = sidecar.log.findLast(
    (each) => each.event === "listener.open" && each["bind"] === bind,
  );
  return Number(String(line?.["address"]).split(":").at(-1));
}

test("a reload follows the file where it changed, and the API elsewhere", async () => {
  await sidecar.call("PATCH", "/v1/services/shop/weights", { v1: 0, v2: 1 });
  await sidecar.call("PUT", "/v1/services/extra", service(0, 1));
  const services = { web: service(0, 1), shop: service(1, 0), fresh: service(0, 1) };
  await sidecar.writeConfig({ listeners: [FIRST], services });
  expect(await reload()).toEqual({
    status: 200,
    answer: {
      services: {
        replaced: ["web", "fresh"],
        removed: ["old"],
        absent: [],
        differing: ["shop"],
      },
      listeners: { opened: [], closed: [] },
      needsRestart: [],
      warnings: [],
    },
  });
  const hosts = ["web", "shop", "extra", "fresh", "old"];
  const bodies = await Promise.all(hosts.map((host) => bodyFor(host)));
  expect(bodies.join(", ")).toBe("v2, v2, v2, v2, status 404");
});

test("a reload after a rollout keeps weights and states, whatever it changes", async () => {
  const [port = 0] = sidecar.ports;
  const listeners = [FIRST];
  await sidecar.call("PATCH", "/v1/services/web/weights", { v1: 0, v2: 1 });
  await sidecar.call("PUT", "/v1/services/shop/versions/v2/state", { state: "drain" });
  const services = { web: service(1, 0, { debug: true }), shop: service(1, 0, { debug: true }) };
  await sidecar.writeConfig({ listeners, services });
  const planned = await reload("?plan");
  expect(planned).toMatchObject({
    answer: { services: { replaced: ["web", "shop"], removed: ["old"] } },
  });
  expect((await answerFor("web", port)).head).not.toContain("X-Sluice-Version");
  expect(await reload()).toEqual(planned);
  const { body, head } = await answerFor("web", port);
  expect([body, head]).toEqual(["v2", expect.stringMatching(/^X-Sluice-Version: v2/m)]);
  const shown = (await (await sidecar.call("GET", "/v1/services/shop")).json()) as object;
  expect(shown).toMatchObject({ versions: { v2: { state: "drain" } } });
  // The file's own weights count when they change, and when somebody asks for them.
  expect(await reload("?restore=web,shop")).toMatchObject({
    answer: { services: { replaced: ["web", "shop"], differing: [] } },
  });
  expect(await bodyFor("web")).toBe("v1");
});

test("a service that the API removed comes back only when asked for by name", async () => {
  await sidecar.call("DELETE", "/v1/services/web");
  const services = { web: service(1, 0, { debug: true }), shop: service(1, 0) };
  await sidecar.writeConfig({ listeners: [FIRST], services });
  expect(await reload()).toMatchObject({ answer: { services: { absent: ["web"] } } });
  expect(await bodyFor("web")).toBe("status 404");
  expect(await reload("?restore=nobody")).toMatchObject({
    status: 422,
    answer: { code: "invalid", problems: [{ found: '"nobody"' }] },
  });
  expect(await reload("?restore=web")).toMatchObject({
    answer: { services: { replaced: ["web"], absent: [] } },
  });
  expect(await bodyFor("web")).toBe("v1");
});

test("SIGHUP reloads too, and a file that is as it was changes nothing", async () => {
  await sidecar.call("PATCH", "/v1/services/web/weights", { v1: 0, v2: 1 });
  sidecar.child.kill("SIGHUP");
  expect(JSON.parse(String((await logged("reload.done"))["report"]))).toEqual({
    services: { replaced: [], removed: [], absent: [], differing: ["web"] },
    listeners: { opened: [], closed: [] },
    needsRestart: [],
    warnings: [],
  });
  expect(await bodyFor("web")).toBe("v2");
});

test("a service that gets another name under load is never away", async () => {
  const hosts = { hosts: ["web.test"] };
  const listeners = [FIRST];
  await sidecar.writeConfig({ listeners, services: { web: service(1, 0, hosts) } });
  expect((await reload()).status).toBe(200);
  const failures: Answered[] = [];
  const target = { port: sidecar.ports[0] ?? 0, host: "web.test", connections: 8 };
  await using load = new Load(target, (answered) => {
    if (answered.status !== 200) failures.push(answered);
  });
  for (const name of ["a", "b", "c", "d", "e"]) {
    await load.more(20);
    await sidecar.writeConfig({ listeners, services: { [name]: service(1, 0, hosts) } });
    expect(await reload()).toMatchObject({ status: 200 });
  }
  await load.more(20);
  await load.stop();
  expect({ failures, lost: load.lost }).toEqual({ failures: [], lost: 0 });
});

test("two services can exchange their hosts", async () => {
  await sidecar.writeConfig(withHosts(["a.test"], ["b.test"]));
  expect((await reload()).status).toBe(200);
  expect([await bodyFor("a.test"), await bodyFor("b.test")]).toEqual(["v1", "v2"]);
  await sidecar.writeConfig(withHosts(["b.test"], ["a.test"]));
  expect(await reload()).toMatchObject({ status: 200 });
  expect([await bodyFor("a.test"), await bodyFor("b.test")]).toEqual(["v2", "v1"]);
});

test("listeners come and go; open connections of one that goes stay", async () => {
  const services = { web: service(1, 0) };
  const kept = await KeptConnection.open(sidecar.ports[0] ?? 0);
  expect((await kept.get("web")).body).toBe("v1");
  await sidecar.writeConfig({ listeners: [FIRST, { ...OTHER, service: "web" }], services });
  expect(await reload()).toMatchObject({
    answer: { listeners: { opened: [OTHER.bind], closed: [] } },
  });
  const other = { port: portOf(OTHER.bind), host: OTHER_HOST };
  expect([await bodyFor("web"), await bodyFor("whatever", other)]).toEqual(["v1", "v1"]);

  // The same place for everybody, and the first one is gone.
  await sidecar.writeConfig({ listeners: [OTHER], services });
  expect(await reload()).toMatchObject({
    answer: { listeners: { opened: [OTHER.bind], closed: [FIRST.bind] } },
  });
  expect(portOf(OTHER.bind)).toBe(other.port);
  expect(await bodyFor("whatever", other)).toBe("status 404");
  expect((await kept.get("web")).body).toBe("v1");
  await expect(KeptConnection.open(sidecar.ports[0] ?? 0)).rejects.toThrow("ECONNREFUSED");
  kept.close();
});

test("a file that cannot be used changes nothing and says why, by API and by SIGHUP", async () => {
  const broken = {
    web: service(0, 1),
    shop: { versions: { v1: { weight: "ten", endpoints: [] } } },
  };
  await sidecar.writeConfig({ listeners: [FIRST, OTHER], services: broken });
  expect(await reload()).toMatchObject({
    status: 422,
    answer: {
      code: "config_invalid",
      problems: [{ path: "services.shop.versions.v1.weight", found: '"ten"' }],
    },
  });
  await writeFile(join(sidecar.folder, "sluice.json"), "{ listeners: [");
  sidecar.child.kill("SIGHUP");
  expect(String((await logged("reload.refused"))["message"])).toContain("wanted YAML 1.2 or JSON");
  expect([await bodyFor("web"), await bodyFor("old")]).toEqual(["v1", "v1"]);
  expect(sidecar.log.filter(({ event }) => event === "listener.open")).toHaveLength(1);
  // What it learnt is forgotten: the next good file is compared with the last good one.
  await sidecar.writeConfig({ listeners: [FIRST], services: { web: service(0, 1) } });
  expect(await reload("?force=true")).toMatchObject({
    answer: { services: { replaced: ["web"], removed: ["shop", "old"] } },
  });
});

test("a host that a service of the API has refuses the whole file", async () => {
  await sidecar.call("PUT", "/v1/services/extra", service(0, 1, { hosts: ["taken.test"] }));
  const services = { web: service(0, 1), shop: service(0, 1, { hosts: ["taken.test"] }) };
  await sidecar.writeConfig({ listeners: [FIRST, OTHER], services });
  expect(await reload()).toMatchObject({ status: 422, answer: { path: "hosts[0]" } });
  const hosts = ["web", "shop", "old", "taken.test"];
  expect(await Promise.all(hosts.map((host) => bodyFor(host)))).toEqual(["v1", "v1", "v1", "v2"]);
});

test("an address in use is named and changes nothing, not even the other listener", async () => {
  const squatter = createServer().listen(0, "127.0.0.1");
  await once(squatter, "listening");
  const taken = `127.0.0.1:${(squatter.address() as AddressInfo).port}`;
  const listeners = [FIRST, OTHER, { bind: taken }];
  await sidecar.writeConfig({ listeners, services: { web: service(0, 1) } });
  expect(await reload()).toMatchObject({
    status: 503,
    answer: {
      code: "listen_failed",
      detail: `Cannot listen on ${taken}: the address is in use (EADDRINUSE)`,
    },
  });
  expect([await bodyFor("web"), await bodyFor("shop")]).toEqual(["v1", "v1"]);
  expect(sidecar.log.filter(({ event }) => event === "listener.open")).toHaveLength(1);
  squatter.close();
  await once(squatter, "close");
  expect(await reload("?force=true")).toMatchObject({
    status: 200,
    answer: {
      services: { replaced: ["web"], removed: ["shop", "old"] },
      listeners: { opened: [OTHER.bind, taken] },
    },
  });
  expect(await bodyFor("web", { port: portOf(OTHER.bind), host: OTHER_HOST })).toBe("v2");
});

test("what a reload cannot follow is named each time, and the rest is done", async () => {
  const control = { bind: `${OTHER_HOST}:0` };
  await sidecar.writeConfig({ listeners: [FIRST], workers: 2, control, services: {} });
  const expected = {
    services: { removed: ["web", "shop", "old"] },
    needsRestart: ["control", "workers"],
  };
  expect(await reload()).toMatchObject({ status: 200, answer: expected });
  expect(await reload()).toMatchObject({ answer: { needsRestart: ["control", "workers"] } });
  expect(sidecar.workerPids()).toHaveLength(1);
});
