import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { KeptConnection } from "../support/kept-connection.ts";
import { runCommand } from "../support/run-cli.ts";
import { startSidecar } from "../support/sidecar.ts";
import type { TestSidecar } from "../support/sidecar.ts";
import { VersionOrigin } from "../support/version-origin.ts";

/*
 * Goal: nobody takes a service with traffic away by mistake. Method: requests go through a real
 * sidecar; then writes that would leave nothing to serve them are made, plainly and by force.
 */

let origin: VersionOrigin;
let sidecar: TestSidecar;
let client: KeptConnection;

const service = (hosts: readonly string[]): object => ({
  hosts,
  versions: {
    v1: { weight: 1, endpoints: [origin.address] },
    v2: { weight: 0, endpoints: [] },
  },
});

const LISTENERS = [{ bind: "127.0.0.1:0" }, { bind: "127.0.0.2:0", service: "own" }];

/** It may have services that the file lacks, so listeners in the file may name them. */
const STORE = { kind: "file", path: "state.json" };

beforeEach(async () => {
  origin = await VersionOrigin.start("v1");
  const services = { web: service(["web"]), idle: service(["idle"]), own: service(["own"]) };
  sidecar = await startSidecar({ listeners: LISTENERS, store: STORE, services });
  client = await KeptConnection.open(sidecar.ports[0] ?? 0);
  expect((await client.get("web")).status).toBe(200);
});
afterEach(async () => {
  client.close();
  await sidecar.stop();
  origin[Symbol.dispose]();
});

async function write(method: string, path: string, body?: unknown): Promise<unknown> {
  const response = await sidecar.call(method, path, body);
  const { code, warnings } = (await response.json()) as {
    code?: string;
    warnings?: { code: string }[];
  };
  return [response.status, code ?? warnings?.map((warning) => warning.code)];
}

/** Two notes of what workers count, which are 5 s apart, on a slow machine. */
const NOTED_WITHIN_MS = 20_000;

const REFUSED = [409, "nothing_would_serve"];

/** Writes that take everything away from the service `web`. */
const FATAL: readonly (readonly [string, string, unknown?])[] = [
  ["PUT", "/v1/services/web/versions/v1/state", { state: "drain" }],
  ["DELETE", "/v1/services/web"],
  ["PUT", "/v1/services/web", { hosts: ["web"], versions: { v1: { endpoints: [] } } }],
  ["PUT", "/v1/services/web", { hosts: ["x"], versions: { v1: { endpoints: ["10.0.0.1:1"] } } }],
];

test("writes that would end in 503 or 404 are refused, and done by force", async () => {
  for (const [method, path, body] of FATAL) {
    expect([path, await write(method, path, body)]).toEqual([path, REFUSED]);
    expect((await client.get("web")).status).toBe(200);
  }
  const [state] = FATAL;
  if (state === undefined) throw new Error("There is no such write");
  const [method, path, body] = state;
  expect(await write(method, `${path}?force=true`, body)).toEqual([
    200,
    ["nothing_would_serve", "nothing_served"],
  ]);
  expect((await client.get("web")).status).toBe(503);
  // What is already broken cannot be broken.
  expect(await write("DELETE", "/v1/services/web")).toEqual([200, []]);
});

test("sluice apply writes no service of a file of which one would be refused", async () => {
  const versions = { v1: { weight: 1, endpoints: [] } };
  const file = join(sidecar.folder, "services.json");
  await writeFile(file, JSON.stringify({ idle: { versions }, web: { hosts: ["web"], versions } }));
  const { status, error } = await runCommand(["apply", file], { SLUICE_API: sidecar.api });
  expect([status, error]).toEqual([
    1,
    expect.stringMatching(/^sluice: Cannot apply web .* nothing/),
  ]);
  // The first one of the file, which nothing speaks against.
  expect(await (await sidecar.call("GET", "/v1/services/idle")).json()).toMatchObject({
    revision: 1,
  });
});

/** What readyz says is not well: code, and service and version. */
async function problems(): Promise<unknown> {
  const response = await sidecar.call("GET", "/readyz");
  const { problems: all } = (await response.json()) as {
    problems: { code: string; service: string; version?: string }[];
  };
  return [response.status, ...all.map((each) => [each.code, each.service, each.version])];
}

test("readyz stays 200 and says what gets no answer, without being told", async () => {
  expect(await problems()).toEqual([200]);
  origin[Symbol.dispose]();
  // Workers are asked every 5 s, so the first note may still hold the request that went well.
  await eventually(async () => {
    expect((await client.get("web")).status).toBe(502);
    expect(await problems()).toEqual([200, ["failing", "web", "v1"]]);
  }, NOTED_WITHIN_MS);
  const maint = ["PUT", "/v1/services/web/versions/v1/state?force=true"] as const;
  expect((await write(...maint, { state: "maint" })) as unknown[]).toContain(200);
  expect(await problems()).toEqual([
    200,
    ["nothing_served", "web", undefined],
    ["failing", "web", "v1"],
    ["not_ready", "web", "v1"],
  ]);
});

test("a service without traffic goes at once, unless a listener is for it", async () => {
  expect(await write("DELETE", "/v1/services/idle")).toEqual([200, []]);
  expect(await write("DELETE", "/v1/services/own")).toEqual(REFUSED);
});

test("a shift that a version without endpoints cannot follow says who serves instead", async () => {
  expect(await write("PATCH", "/v1/services/web/weights", { v1: 0, v2: 1 })).toEqual([
    200,
    ["no_usable_endpoint"],
  ]);
  expect((await client.get("web")).body).toBe("v1");
});

test("a reload is judged as a whole, with its listeners", async () => {
  const services = { web: service(["other"]), own: service(["own"]) };
  await sidecar.writeConfig({ store: STORE, listeners: LISTENERS, services });
  expect(await write("POST", "/v1/reload?plan")).toEqual([200, ["nothing_would_serve"]]);
  expect(await write("POST", "/v1/reload")).toEqual(REFUSED);
  const moved = { new: service(["web"]), own: service(["own"]) };
  await sidecar.writeConfig({ store: STORE, listeners: LISTENERS, services: moved });
  expect(await write("POST", "/v1/reload")).toEqual([200, []]);
  expect((await client.get("web")).status).toBe(200);
  // A listener for nobody, and then both are gone.
  await sidecar.writeConfig({
    store: STORE,
    listeners: LISTENERS,
    services: { new: service(["web"]) },
  });
  expect(await write("POST", "/v1/reload")).toEqual(REFUSED);
  await sidecar.writeConfig({
    listeners: LISTENERS.slice(0, 1),
    services: { new: service(["web"]) },
  });
  expect(await write("POST", "/v1/reload")).toEqual([200, []]);
});

test("the log has one line for each change: who, why, what, and its warnings", async () => {
  const body = { v1: 0, v2: 1 };
  const reason = { "x-sluice-reason": "v2 is well" };
  await sidecar.call("PATCH", "/v1/services/web/weights", body, reason);
  await sidecar.call("POST", "/v1/reload", undefined, reason);
  await sidecar.call("POST", "/v1/workers/swap", { trial: "0s" }, reason);
  await sidecar.call("POST", "/v1/drain", undefined, reason);
  const by = { actor: "local", reason: "v2 is well" };
  const wanted = [
    {
      ...by,
      event: "table.changed",
      revision: 2,
      action: "shift",
      changes: "web.versions.v1.weight: 1 → 0; web.versions.v2.weight: 0 → 1",
      warnings: "v2 has weight 1, but no endpoint that can take work: v1 gets its share",
    },
    { ...by, event: "reload.done", report: expect.stringContaining('"differing":["web"]') },
    { ...by, event: "swap.done", started: expect.any(String), retired: expect.any(String) },
    { ...by, event: "drain.asked" },
  ];
  const events = wanted.map(({ event }) => event);
  await eventually(() => {
    expect(sidecar.log.filter(({ event }) => events.includes(event))).toMatchObject(wanted);
  });
});
