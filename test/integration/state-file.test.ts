import { readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { once } from "node:events";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { encodeTable } from "../../control/store/table-file.ts";
import { refusedRun } from "../support/run-sluice.ts";
import { startSidecar } from "../support/sidecar.ts";
import type { TestSidecar } from "../support/sidecar.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

/*
 * Goal: a table survives its process, and no start fails silently. Method: real processes on one
 * state file, whole, broken, foreign and in use; what is refused is named, and left as it is.
 */

const services = { web: { versions: { v1: { weight: 9, endpoints: ["127.0.0.1:1"] } } } };

async function statePath(): Promise<string> {
  return join(await temporaryFolder(), "table.state.json");
}

async function start(config: object): Promise<TestSidecar> {
  const sidecar = await startSidecar(config);
  onTestFinished(sidecar.stop);
  return sidecar;
}

test("a restart keeps the table, and says that the store wins over the file", async () => {
  const store = { kind: "file", path: await statePath() };
  const first = await start({ store, services });
  expect(first.log.map(({ event }) => event)).not.toContain("table.store-wins");
  const body = { versions: { v1: { weight: 3, endpoints: [] }, v2: { weight: 1, endpoints: [] } } };
  expect((await first.call("PUT", "/v1/services/shop", body)).status).toBe(201);
  expect((await first.call("PATCH", "/v1/services/web/weights", { v1: 7 })).status).toBe(200);
  first.child.kill("SIGTERM");
  expect(await first.ended).toBe(0);

  const second = await start({ store, services });
  const winner = second.log.find(({ event }) => event === "table.store-wins");
  expect(winner).toMatchObject({ level: "warn", revision: 3, absent: "", differing: "web" });
  expect(await (await second.call("GET", "/v1/services")).json()).toMatchObject({
    revision: 3,
    services: [
      { name: "web", weights: { v1: 7 } },
      { name: "shop", weights: { v1: 3, v2: 1 } },
    ],
  });
  const { entries } = (await (await second.call("GET", "/v1/audit")).json()) as {
    entries: { action: string; service: string; revision: number }[];
  };
  expect(entries.map(({ action, service, revision }) => [action, service, revision])).toEqual(
    expect.arrayContaining([
      ["put", "shop", 2],
      ["shift", "web", 3],
    ]),
  );
});

test("a secret of the environment is used, but in no state, log, audit or answer", async () => {
  const folder = await temporaryFolder();
  const module = join(folder, "say.mjs");
  const create = `({ key }) => ({ request: (head) => head.answer({ status: 200, body: key }) })`;
  await writeFile(module, `export const version = "1"; export const create = ${create};`);
  const store = { kind: "file", path: await statePath() };
  const filters = [{ module, options: { key: "${KEY}" }, timeout: 0 }];
  const document = { hosts: ["localhost"], ...services.web, filters };
  const control = { bind: "127.0.0.1:0", filterFolders: [folder] };
  const config = { store, control, services: { web: document } };
  const sidecar = await startSidecar(config, { KEY: "hush-hush" });
  onTestFinished(sidecar.stop);

  expect(await (await fetch(`http://localhost:${sidecar.ports[0]}`)).text()).toBe("hush-hush");
  const read = await (await sidecar.call("GET", "/v1/services/web")).json();
  expect((read as { document: unknown }).document).toEqual(document);
  const again = { ...document, timeout: "9s" };
  expect((await sidecar.call("PUT", "/v1/services/web", again)).status).toBe(200);
  const stolen = await sidecar.call("PUT", "/v1/services/web", { ...document, hosts: ["${KEY}"] });
  expect(stolen.status).toBe(422);
  const seen = [
    await stolen.text(),
    JSON.stringify(read),
    await (await sidecar.call("GET", "/v1/audit")).text(),
    await (await sidecar.call("GET", "/v1/filters")).text(),
    await readFile(store.path, "utf8"),
    await readFile(`${store.path}.audit.jsonl`, "utf8"),
    JSON.stringify(sidecar.log),
    sidecar.stderr(),
  ];
  expect(seen.filter((text) => text.includes("hush"))).toEqual([]);
  expect(seen[4]).toContain("${KEY}");
});

test("a table outlives a process that is killed, and so does the right to its file", async () => {
  const store = { kind: "file", path: await statePath() };
  const first = await start({ store, services });
  expect((await first.call("PATCH", "/v1/services/web/weights", { v1: 8 })).status).toBe(200);
  first.child.kill("SIGKILL");
  await first.ended;
  const second = await start({ store, services });
  const web = await (await second.call("GET", "/v1/services/web")).json();
  expect(web).toMatchObject({ weights: { v1: 8 } });
});

test.each([
  ["torn", '{"format":"sluice-table","formatVersion":1,"rev', "it is not whole JSON"],
  ["empty", "", "it is empty"],
  ["of another program", '{"name":"some-package"}', "it is not a table of Sluice"],
])(
  "a state file that is %s is refused by name, with status 1, and left alone",
  async (_, text, reason) => {
    const path = await statePath();
    await writeFile(path, text);
    const { status, log, error } = await refusedRun({ store: { kind: "file", path }, services });
    expect(status).toBe(1);
    expect(error).toMatch(/^sluice: Cannot read .*\n$/);
    expect(log.at(-1)).toMatchObject({
      event: "sidecar.failed",
      message: expect.stringContaining(`Cannot read ${path}: ${reason}`),
    });
    expect(await readFile(path, "utf8")).toBe(text);
  },
);

test("a good table is served where nothing can be written, and it is said", async () => {
  // Stands in for a read-only disk, even for root: the names of drafts and locks are too long.
  const path = join(await temporaryFolder(), "t".repeat(240));
  await writeFile(path, encodeTable({ revision: 4, services }));
  const sidecar = await start({ store: { kind: "file", path }, services });
  expect(sidecar.log.find(({ event }) => event === "store.out_of_step")).toMatchObject({
    level: "warn",
    problem: expect.stringContaining("ENAMETOOLONG"),
  });
  const ready = await sidecar.call("GET", "/readyz");
  expect([ready.status, await ready.json()]).toMatchObject([
    200,
    { ready: true, stale: [expect.stringContaining("ENAMETOOLONG")] },
  ]);
  const write = await sidecar.call("PATCH", "/v1/services/web/weights", { v1: 8 });
  expect([write.status, await write.json()]).toMatchObject([503, { code: "store_unwritable" }]);
  const web = await (await sidecar.call("GET", "/v1/services/web")).json();
  expect(web).toMatchObject({ weights: { v1: 9 } });
  sidecar.child.kill("SIGTERM");
  expect(await sidecar.ended).toBe(0);
});

test("a stored document that cannot be used costs only its service, and it is said", async () => {
  const path = await statePath();
  const stored = { ...services, shop: { versions: {} } } as typeof services;
  await writeFile(path, encodeTable({ revision: 4, services: stored }));
  const sidecar = await start({ store: { kind: "file", path }, services });
  const problems = async (): Promise<unknown> =>
    ((await (await sidecar.call("GET", "/readyz")).json()) as { problems: unknown }).problems;
  const text = expect.stringMatching(
    /^shop: what is stored cannot be used, so it is not there: Ca/,
  );
  expect(await problems()).toEqual([{ code: "refused", service: "shop", text }]);
  const shop = { versions: { v1: { endpoints: ["127.0.0.1:1"] } } };
  expect((await sidecar.call("PUT", "/v1/services/shop", shop)).status).toBe(200);
  expect(await problems()).toEqual([]);
});

test("a second process on one state file is refused and told who has it", async () => {
  const path = await statePath();
  const first = await start({ store: { kind: "file", path }, services });
  const before = await readFile(path, "utf8");
  const { status, log } = await refusedRun({ store: { kind: "file", path }, services });
  expect(status).toBe(1);
  expect(log.at(-1)).toMatchObject({
    event: "sidecar.failed",
    message: `Cannot take ${path}.lock: process ${first.child.pid} has it`,
  });
  expect(await readFile(path, "utf8")).toBe(before);
  expect((await first.call("PATCH", "/v1/services/web/weights", { v1: 2 })).status).toBe(200);
});

test.each(["listener", "control API"])(
  "a port of the %s that is in use is named, with status 1, and nothing is left behind",
  async (whose) => {
    const squatter = createServer().listen(0, "127.0.0.1");
    onTestFinished(() => void squatter.close());
    await once(squatter, "listening");
    const bind = `127.0.0.1:${(squatter.address() as AddressInfo).port}`;
    const path = await statePath();
    const health = { healthCheck: { path: "/", interval: "1s" } };
    const { status, log, error } = await refusedRun({
      ...(whose === "listener" ? { listeners: [{ bind }] } : { control: { bind } }),
      store: { kind: "file", path },
      services: { web: { ...services.web, ...health } },
    });
    expect(status).toBe(1);
    expect(log.at(-1)).toMatchObject({
      event: "sidecar.failed",
      message: expect.stringMatching(`${bind}.*EADDRINUSE|EADDRINUSE.*${bind}`),
    });
    expect(error).toMatch(/^sluice: Cannot .*EADDRINUSE.*\n$/);
    // Its lock is gone, so the next one can start.
    await start({ store: { kind: "file", path }, services });
  },
);

test("a bad configuration is refused with status 2 and the path of every problem", async () => {
  const { status, out, error } = await refusedRun({
    workers: 0,
    color: "blue",
    listeners: [{ bind: "127.0.0.1" }],
    control: { bind: "0.0.0.0" },
    services: { web: { timeout: "soon", versions: { v1: { weight: -1, endpoints: ["a"] } } } },
  });
  expect([status, out]).toEqual([2, ""]);
  for (const path of [
    "workers",
    "color",
    "listeners[0].bind",
    "control.bind",
    "services.web.timeout",
    "services.web.versions.v1.weight",
    "services.web.versions.v1.endpoints[0]",
  ]) {
    expect(error).toContain(`${path}: wanted `);
  }
});
