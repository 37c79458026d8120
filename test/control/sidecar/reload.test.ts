import { expect, test } from "vitest";
import type { Config } from "../../../control/config/config-schema.ts";
import { readConfig } from "../../../control/config/load.ts";
import { reload } from "../../../control/sidecar/reload.ts";
import type { ReloadDeps, ReloadOptions } from "../../../control/sidecar/reload.ts";
import type { CrossProblem } from "../../../control/config/cross-problem.ts";
import { NO_TABLE, readTable, withDocuments } from "../../../control/table/desired-table.ts";
import type { DesiredTable } from "../../../control/table/desired-table.ts";
import type { Write, Written } from "../../../control/table/table-write.ts";
import { shop, web } from "../../support/started-services.ts";

/** A configuration as in sluice.yaml: some binds, some services, and more. */
function configOf(binds: readonly string[], services: object, more: object = {}): Config {
  const listeners = binds.map((bind) => ({ bind }));
  const text = JSON.stringify({ listeners, services, ...more });
  return readConfig(text, { file: "test", environment: {} });
}

/** What a write makes of a table. */
function writtenOf(before: DesiredTable, { edit }: Write): Written {
  const changes = edit(before);
  const after = withDocuments(before, changes, undefined);
  return { before, after, names: [...changes.keys()], warnings: [] };
}

const A = "127.0.0.1:7001";
const B = "127.0.0.1:7002";
const C = "127.0.0.1:7003";

const PLAIN: ReloadOptions = { plan: false, restore: [], actor: "local", reason: undefined };

/** What a reload works with; `steps` says what it did. `fails`: the step that is refused. */
function bed(next: Config, fails?: string): { deps: ReloadDeps; steps: string[] } {
  const stored = { revision: 1, services: { web, shop } };
  const { table } = readTable(stored, NO_TABLE, undefined);
  const steps: string[] = [];
  const step = async (name: string): Promise<string> => {
    if (name === fails) throw new Error(`no ${name}`);
    steps.push(name);
    return name;
  };
  const ignore = (): void => undefined;
  const deps: ReloadDeps = {
    services: {
      preview: async (write) => writtenOf(table, write),
      change: async (write) => {
        const { action, fresh } = write;
        const written = writtenOf(table, write);
        write.admit?.(written.after);
        const names = written.names.map((name) =>
          written.after.documents.has(name) ? name : `-${name}`,
        );
        await step(`${action} ${names.join(" ")} fresh ${fresh}`);
        return written;
      },
    },
    workers: {
      reserve: async (bind) => void (await step(`reserve ${bind}`)),
      listen: async ({ bind }) => step(`listen ${bind}`),
      unlisten: async (bind) => void (await step(`unlisten ${bind}`)),
    },
    rules: { follow: ignore, below: () => [] },
    access: {
      prepare: async (auth) => {
        if (auth?.tokenFile !== undefined) await step(`read ${auth.tokenFile}`);
        return () => void (auth?.tokenFile !== undefined && steps.push(`use ${auth.tokenFile}`));
      },
    },
    certificates: {
      checkListeners: async (files) => void (files.length > 0 && (await step("check files"))),
      addListeners: async (files) => void (files.length > 0 && (await step("read files"))),
      useListeners: async ({ listenerFiles }) => {
        if (listenerFiles.length > 0) await step("use files");
      },
    },
    log: { info: ignore, warn: ignore, error: ignore },
    readConfig: async () => next,
    tellAccessLog: async (spec) => void (spec && (await step(`log to ${spec.path}`))),
    tellTracing: async (spec) => void (spec && (await step(`trace ${spec.ratio}`))),
    tellLogLevel: async (level) => void (await step(`level ${level}`)),
    configPath: "/etc/sluice/sluice.yaml",
  };
  return { deps, steps };
}

test("reload() binds first, then changes services, then listens, then lets go", async () => {
  const { deps, steps } = bed(configOf([B], { web: shop, new: web }));
  const { report } = await reload(deps, configOf([A], { web, shop }), PLAIN);
  expect(steps).toEqual([
    `reserve ${B}`,
    "reload -shop web new fresh *",
    `listen ${B}`,
    `unlisten ${A}`,
  ]);
  expect(report).toEqual({
    services: { replaced: ["web", "new"], removed: ["shop"], absent: [], differing: [] },
    listeners: { opened: [B], closed: [A] },
    needsRestart: [],
    warnings: [],
  });
});

test("reload() of the same file reads the filters again, and nothing more", async () => {
  const { deps, steps } = bed(configOf([A], { web }));
  const { report } = await reload(deps, configOf([A], { web }), PLAIN);
  expect(steps).toEqual(["reload  fresh *"]);
  expect(report.services).toEqual({ replaced: [], removed: [], absent: [], differing: [] });
});

test("reload() does not remove what somebody has removed already", async () => {
  const { deps, steps } = bed(configOf([A], { web }));
  const before = configOf([A], { web, gone: { ...shop, hosts: ["g"] } });
  const { report } = await reload(deps, before, PLAIN);
  expect(steps).toEqual(["reload  fresh *"]);
  expect(report.services.removed).toEqual([]);
});

/** A configuration whose only listener speaks TLS. */
function tlsConfigOf(bind: string, services: object): Config {
  const tls = { certificates: [{ cert: "a.pem", key: "a.key" }] };
  const text = JSON.stringify({ listeners: [{ bind, tls }], services });
  return readConfig(text, { file: "test", environment: {} });
}

test("reload() brings certificates to the workers before what needs them", async () => {
  const { deps, steps } = bed(tlsConfigOf(B, { web }));
  await reload(deps, configOf([A], { web }), PLAIN);
  expect(steps).toEqual([
    "check files",
    `reserve ${B}`,
    "read files",
    "reload  fresh *",
    `listen ${B}`,
    `unlisten ${A}`,
    "use files",
  ]);
});

test("reload() refuses certificates that cannot be used before it does anything", async () => {
  const { deps, steps } = bed(tlsConfigOf(B, { web }), "check files");
  await expect(reload(deps, configOf([A], { web }), PLAIN)).rejects.toThrow("no check files");
  expect(steps).toEqual([]);
});

test("reload() refuses a floor that services in force are below", async () => {
  const { deps, steps } = bed(configOf([A, B], { web }));
  const below = (name: string): CrossProblem[] =>
    name === "shop" ? [{ path: ["upstream", "tls"], wanted: "TLS", found: "none" }] : [];
  const refused = reload({ ...deps, rules: { ...deps.rules, below } }, configOf([A], {}), PLAIN);
  await expect(refused).rejects.toThrow(
    "Cannot read the table in force: services.shop.upstream.tls: wanted TLS, found none",
  );
  expect(steps).toEqual([`reserve ${B}`, `unlisten ${B}`]);
});

test("reload() that fails goes on with the certificates of before", async () => {
  const { deps, steps } = bed(configOf([A], { web: shop }), "reload web fresh *");
  await expect(reload(deps, tlsConfigOf(A, { web }), PLAIN)).rejects.toThrow("no reload");
  expect(steps).toEqual([`reserve ${A}`, "use files"]);
});

test.each([
  ["a port in use", `reserve ${C}`, [`reserve ${B}`, `unlisten ${B}`, `unlisten ${C}`]],
  [
    "a service or filter that cannot be",
    "reload web fresh *",
    [`reserve ${B}`, `reserve ${C}`, `unlisten ${B}`, `unlisten ${C}`],
  ],
])("reload() with %s gives back the sockets that it bound", async (_, fails, expected) => {
  const { deps, steps } = bed(configOf([A, B, C], { web: shop }), fails);
  await expect(reload(deps, configOf([A], { web }), PLAIN)).rejects.toThrow(`no ${fails}`);
  expect(steps).toEqual(expected);
});

test("reload() keeps what needs a restart as it was, and names it", async () => {
  const next = configOf([A], { web }, { workers: 3, drain: { hard: "9s" } });
  const before = configOf([A], { web }, { workers: 2 });
  const { config, report } = await reload(bed(next).deps, before, PLAIN);
  expect(report.needsRestart).toEqual(["workers"]);
  expect(config.workers).toBe(2);
  expect(config.drain).toEqual(next.drain);
});

const NO_AUTH = {
  bind: "127.0.0.1:9180",
  filterFolders: [],
  socketFolders: [],
  certificateFolders: [],
};
const AUTH = { ...NO_AUTH, auth: { tokens: [], tokenFile: "tokens.yaml", certs: [] } };

test("reload() follows the credentials of the file, once nothing can be refused", async () => {
  const next = configOf([A], { web }, { control: AUTH });
  const { deps, steps } = bed(next);
  const { config, report } = await reload(deps, configOf([A], { web }), PLAIN);
  expect(steps).toEqual(["read tokens.yaml", "reload  fresh *", "use tokens.yaml"]);
  expect([config.control.auth, report.needsRestart]).toEqual([AUTH.auth, []]);
});

test("reload() changes nothing when credentials cannot be read, nor for a plan", async () => {
  const next = configOf([B], { web: shop }, { control: AUTH });
  const refused = bed(next, "read tokens.yaml");
  await expect(reload(refused.deps, configOf([A], { web }), PLAIN)).rejects.toThrow("no read");
  expect(refused.steps).toEqual([]);
  const planned = bed(next);
  await reload(planned.deps, configOf([A], { web }), { ...PLAIN, plan: true });
  expect(planned.steps).toEqual(["read tokens.yaml"]);
});

test("reload() takes credentials away only if the API stays where it is", async () => {
  const before = configOf([A], { web }, { control: AUTH });
  const off = configOf([A], { web }, { control: NO_AUTH });
  const same = await reload(bed(off).deps, before, PLAIN);
  expect(same.config.control.auth).toBeUndefined();
  const moved = { ...off, control: { ...NO_AUTH, bind: "127.0.0.1:1" } };
  const other = await reload(bed(moved).deps, before, PLAIN);
  expect([other.config.control, other.report.needsRestart]).toEqual([before.control, ["control"]]);
});

test("reload() with `plan` says what it would do, and touches nothing", async () => {
  const next = configOf([B], { web: { ...web, timeout: "9s" } }, { workers: 3 });
  const { deps, steps } = bed(next);
  const before = configOf([A], { web, shop }, { workers: 2 });
  const { config, report } = await reload(deps, before, { ...PLAIN, plan: true });
  expect(steps).toEqual([]);
  expect(config).toBe(before);
  expect(report).toEqual({
    services: { replaced: ["web"], removed: ["shop"], absent: [], differing: [] },
    listeners: { opened: [B], closed: [A] },
    needsRestart: ["workers"],
    warnings: [],
  });
});

test("reload() follows what is traced, and nothing of it for a plan", async () => {
  const tracing = { endpoint: "http://127.0.0.1:4318", ratio: 0.5 };
  const next = configOf([A], { web }, { tracing });
  const { deps, steps } = bed(next);
  await reload(deps, configOf([A], { web }), { ...PLAIN, plan: true });
  expect(steps).not.toContain("trace 0.5");
  await reload(deps, configOf([A], { web }), PLAIN);
  expect(steps).toContain("trace 0.5");
});

test("reload() sets the level of the log only if it has changed in the file", async () => {
  const services = { web, shop };
  const before = configOf([A], services);
  const same = bed(configOf([A], services));
  await reload(same.deps, before, PLAIN);
  expect(same.steps).not.toContain("level info");
  const other = bed(configOf([A], services, { log: { level: "error" } }));
  await reload(other.deps, before, PLAIN);
  expect(other.steps).toContain("level error");
});
