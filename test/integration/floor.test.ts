import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { writeTable } from "../../control/registry/table-document.ts";
import { encodeTable } from "../../control/store/table-file.ts";
import { eventually } from "../support/eventually.ts";
import { FakeConsul } from "../support/fake-consul.ts";
import { startSidecar } from "../support/sidecar.ts";
import type { TestSidecar } from "../support/sidecar.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

/*
 * Goal: nobody lowers the file's floor but the file. Method: a real sidecar; below-floor documents
 * come by the API in every kind of write, from a store, and by a reload that raises the floor.
 */

const plain = { versions: { v1: { weight: 1, endpoints: ["127.0.0.1:1"] } } };
const other = { ...plain, hosts: ["other"] };
const web = { ...plain, upstream: { tls: {} } };
const socket = { ...web, versions: { v1: { weight: 1, endpoints: ["unix:/run/a.sock"] } } };
const floor = { upstreamTls: ["web"], unixEndpoints: "never" };
const control = { bind: "127.0.0.1:0", socketFolders: ["/run"] };

async function start(config: object): Promise<TestSidecar> {
  const sidecar = await startSidecar(config);
  onTestFinished(sidecar.stop);
  return sidecar;
}

async function refusal(answer: Promise<Response>): Promise<readonly unknown[]> {
  const { status, ...response } = await answer.then(async (each) => {
    return { status: each.status, body: (await each.json()) as { code: string; detail: string } };
  });
  return [status, response.body.code, response.body.detail.match(/require\.\w+/)?.[0]];
}

test("the API can write nothing that is below the file's floor", async () => {
  const sidecar = await start({ require: floor, control, services: { web } });
  const put = (name: string, body: object): Promise<Response> =>
    sidecar.call("PUT", `/v1/services/${name}`, body);
  const inClear = [422, "invalid", "require.upstreamTls"];
  expect(await refusal(put("web", plain))).toEqual(inClear);
  expect(await refusal(put("web", { ...plain, upstream: { tls: { insecure: true } } }))).toEqual(
    inClear,
  );
  expect(await refusal(sidecar.call("POST", "/v1/services/web/plan", plain))).toEqual(inClear);
  const sockets = { ...socket, upstream: { tls: { serverName: "api" } }, hosts: ["api"] };
  expect(await refusal(put("api", sockets))).toEqual([422, "invalid", "require.unixEndpoints"]);
  const routes = [{ match: {}, faults: { abort: { percent: 1 } } }];
  expect(await refusal(put("web", { ...web, routes }))).toEqual([422, "invalid", "require.faults"]);
  expect((await put("web", { ...web, debug: true })).status).toBe(200);
  expect((await put("other", other)).status).toBe(201);
});

test("a stored service below it is kept out and told of, and no reload brings one in", async () => {
  const path = join(await temporaryFolder(), "table.state.json");
  await writeFile(path, encodeTable({ revision: 7, services: { web: plain, other } }));
  const store = { kind: "file", path };
  const sidecar = await start({ require: floor, control, store });
  const { services } = (await (await sidecar.call("GET", "/v1/services")).json()) as {
    services: readonly { name: string }[];
  };
  expect(services.map(({ name }) => name)).toEqual(["other"]);
  expect(sidecar.log.find(({ event }) => event === "service.refused")).toMatchObject({
    service: "web",
    error: expect.stringContaining("require.upstreamTls"),
  });

  await sidecar.writeConfig({ require: { upstreamTls: true }, control, store });
  expect(await refusal(sidecar.call("POST", "/v1/reload"))).toEqual([
    422,
    "invalid",
    "require.upstreamTls",
  ]);
  await sidecar.writeConfig({ control, store });
  expect((await sidecar.call("POST", "/v1/reload")).status).toBe(200);
  expect((await sidecar.call("PUT", "/v1/services/web", plain)).status).toBe(200);
});

test("a table in Consul's KV cannot lower it either, while it is followed", async () => {
  await using consul = await FakeConsul.start();
  const sidecar = await start({
    require: floor,
    control,
    store: { kind: "consul" },
    consul: { address: consul.address, copies: false },
    services: { web },
  });
  await eventually(() => expect(consul.keys.has("sluice/table")).toBe(true));
  const below = writeTable({ revision: 9, services: { web: plain, other } }, "somebody");
  consul.set("sluice/table", below?.head ?? "");
  await eventually(async () =>
    expect((await sidecar.call("GET", "/v1/services/other")).status).toBe(200),
  );
  const kept = (await (await sidecar.call("GET", "/v1/services/web")).json()) as object;
  expect(kept).toMatchObject({ revision: 9, document: web });
  expect(sidecar.log.find(({ event }) => event === "service.refused")).toMatchObject({
    service: "web",
    error: expect.stringContaining("require.upstreamTls"),
  });
});
