import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { KeptConnection } from "../support/kept-connection.ts";
import { runCommand } from "../support/run-cli.ts";
import { runSluice } from "../support/run-sluice.ts";
import { startSidecar } from "../support/sidecar.ts";
import type { TestSidecar } from "../support/sidecar.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { VersionOrigin } from "../support/version-origin.ts";

/*
 * Goal: what a tired operator mistypes is answered with words, an exit status and a code, and costs
 * nothing. Method: each mistake is made at a real sidecar whose service has traffic; then the table
 * must be the one from before, and the next request must be answered.
 */

let origin: VersionOrigin;
let sidecar: TestSidecar;
let client: KeptConnection;
/** The table before any mistake. */
let table: string;
let folder: string;

/** Exit statuses. */
const REFUSED = 1;
const USAGE = 2;

const config = (services?: object): object => ({
  workers: 1,
  store: { kind: "file", path: "state.json" },
  services: services ?? {
    web: {
      hosts: ["web"],
      versions: {
        v1: { weight: 100, endpoints: [origin.address] },
        v2: { weight: 0, endpoints: [] },
      },
    },
  },
});

beforeAll(async () => {
  origin = await VersionOrigin.start("v1");
  sidecar = await startSidecar(config());
  client = await KeptConnection.open(sidecar.ports[0] ?? 0);
});
afterAll(async () => {
  client.close();
  await sidecar.stop();
  origin[Symbol.dispose]();
});
beforeEach(async () => {
  folder = await temporaryFolder();
  expect((await client.get("web")).status).toBe(200);
  table = await tableInForce();
  return async () => {
    expect(await tableInForce()).toBe(table);
    expect((await client.get("web")).status).toBe(200);
  };
});

/** Revision and documents. */
async function tableInForce(): Promise<string> {
  const answer = await (await sidecar.call("GET", "/v1/services/web")).json();
  const { revision, document } = answer as { readonly revision: number; readonly document: object };
  return JSON.stringify({ revision, document });
}

/** What comes of a command line: exit status, code, message. */
async function told(args: readonly string[]): Promise<readonly [number, string, string]> {
  const { status, out, error } = await runCommand(args.concat("--json"), {
    SLUICE_API: sidecar.api,
  });
  expect(out).toBe("");
  const { error: failure } = JSON.parse(error) as {
    readonly error: { readonly code: string; readonly message: string };
  };
  return [status, failure.code, failure.message];
}

type Mistake = readonly [command: string, status: number, code: string, message: string];

describe("A mistyped command", () => {
  test.each<Mistake>([
    ["shfit web v2=10", USAGE, "usage", "Unknown command 'shfit' (Did you mean shift?)"],
    ["shift web v2=10 --plam", USAGE, "usage", "Unknown option '--plam' (Did you mean --plan?)"],
    ["shift web", USAGE, "usage", "Missing required argument 'weights'"],
    ["shift web v2=-10", USAGE, "usage", 'found "v2=-10"'],
    ["shift web v2=ten", USAGE, "usage", 'found "v2=ten"'],
    ["shift web v2 =10", USAGE, "usage", 'found "v2"'],
    ["shift web v2=1 v2=2", USAGE, "usage", "wanted each version once, found v2 again"],
    ["shift web v2=10 --wait flet", USAGE, "usage", "Allowed choices are fleet"],
    ["shift web v2=10 --if-rev latest", USAGE, "usage", 'found "latest"'],
    ["shift web v1=0 --force", USAGE, "usage", "wanted --reason TEXT beside --force"],
    ["drain web", USAGE, "usage", 'wanted SERVICE/VERSION[/ENDPOINT], such as web/v1, found "web"'],
    ["drain web/v1 --self", USAGE, "usage", "wanted either SERVICE/VERSION[/ENDPOINT] or --self"],
    ["undo web yesterday", USAGE, "usage", 'wanted a whole number, found "yesterday"'],
    ["audit --limit all", USAGE, "usage", 'found "all"'],
    ["swap --trial soon", USAGE, "usage", 'found "soon"'],
    ["filters replace f --options {", USAGE, "usage", "wanted JSON"],
    ["services --api nowhere:port", USAGE, "usage", 'found "nowhere:port"'],
    ["services --api http://127.0.0.1:1", REFUSED, "unreachable", "is `sluice run` running?"],
    ["run", USAGE, "usage", "Required option '-c, --config <file>' not specified"],
    ["run -c /nowhere.yaml", USAGE, "config_invalid", "ENOENT"],
    ["check /tmp", USAGE, "config_invalid", "EISDIR"],
    ["apply /nowhere.yaml", USAGE, "config_invalid", "ENOENT"],
  ])("%s ends with %d, %s", async (command, ...wanted) => {
    expect(await told(command.split(" "))).toEqual(saying(wanted));
  });
});

describe("A command for something that is not there, or not possible", () => {
  test.each<Mistake>([
    ["services wbe", REFUSED, "unknown_service", 'Cannot find service "wbe"; `sluice services`'],
    ["shift wbe v2=10", REFUSED, "unknown_service", 'Cannot find service "wbe"'],
    ["shift web v9=10", REFUSED, "unknown_version", 'Cannot find version "v9" of web'],
    ["shift web v1=60% v2=60%", REFUSED, "invalid", "at most 100% together, found 120%"],
    ["shift web v1=50 v2=50%", REFUSED, "invalid", "wanted either weights or shares"],
    ["shift web v2=9999999", REFUSED, "invalid", "a whole number from 0 to 1000000"],
    ["shift web v2=10 --if-rev 999", REFUSED, "revision_conflict", "wanted revision 999, found"],
    ["shift web v1=0", REFUSED, "invalid", "weight"],
    ["drain web/v1", REFUSED, "nothing_would_serve", "--force with --reason does it"],
    ["maint web/v9", REFUSED, "unknown_version", 'Cannot find version "v9" of web'],
    ["maint web/v1/10.9.9.9:1", REFUSED, "unknown_endpoint", 'Cannot find endpoint "10.9.9.9:1"'],
    ["delete web", REFUSED, "nothing_would_serve", "--force with --reason does it"],
    ["delete wbe", REFUSED, "unknown_service", 'Cannot find service "wbe"'],
    ["undo web", REFUSED, "no_undo", "Cannot undo web"],
    ["undo web 999", REFUSED, "no_undo", "Cannot undo web"],
    ["filters replace nobody", REFUSED, "unknown_filter", 'Cannot find filter "nobody"'],
    ["swap --release 2.0", REFUSED, "swap_refused", "wanted `releases: FOLDER`"],
    ["services --fleet", REFUSED, "no_fleet", "wanted store kind consul"],
    [`drain web/v1 --reason ${"x".repeat(501)}`, REFUSED, "invalid_header", "found 501 characters"],
  ])("%s ends with %d, %s", async (command, ...wanted) => {
    expect(await told(command.split(" "))).toEqual(saying(wanted));
  });
});

describe("A file to apply that", () => {
  test.each<readonly [string, string, ...Mistake]>([
    ["is no YAML", "web: {versions", "apply FILE", USAGE, "config_invalid", "(line 1, column"],
    [
      "has a tab",
      "web:\n\tversions: {}",
      "apply FILE",
      USAGE,
      "config_invalid",
      "(line 2, column 1",
    ],
    ["is of another service", service("api"), "apply FILE web", USAGE, "usage", "found api"],
    ["has a typo", service("web", "weigth: 1,"), "apply FILE", REFUSED, "invalid", "weigth"],
    [
      "has a wrong weight",
      service("web", "weight: -1,"),
      "apply FILE",
      REFUSED,
      "invalid",
      "weight",
    ],
    [
      "has a wrong port",
      service("web", "", "a:99999"),
      "apply FILE",
      REFUSED,
      "invalid",
      "a:99999",
    ],
    ["has no port", service("web", "", "10.0.0.1"), "apply FILE", REFUSED, "invalid", "10.0.0.1"],
    ["has no endpoint", service("web", "", ""), "apply FILE", REFUSED, "nothing_would_serve", ""],
  ])("%s is refused", async (_what, text, command, ...wanted) => {
    const file = join(folder, "services.yaml");
    await writeFile(file, text);
    expect(await told(command.replace("FILE", file).split(" "))).toEqual(saying(wanted));
  });
});

/** A file of one service with one version. */
function service(name: string, more = "", endpoint = "10.0.0.1:1"): string {
  const endpoints = endpoint === "" ? "" : `"${endpoint}"`;
  return `${name}: { hosts: [${name}], versions: { v1: { ${more} endpoints: [${endpoints}] } } }`;
}

describe("A reload of a file that", () => {
  test.each<readonly [string, object, string, string]>([
    ["is broken", { workers: 0 }, "config_invalid", "workers: wanted"],
    ["has lost its services", {}, "nothing_would_serve", "--force with --reason does it"],
  ])("%s is refused, as is its plan", async (_what, broken, code, message) => {
    await sidecar.writeConfig({ ...config({}), ...broken });
    expect(await told(["reload"])).toEqual(saying([REFUSED, code, message]));
    await sidecar.writeConfig(config());
  });
});

test("A second sidecar on the same ports and files says what is taken, and ends", async () => {
  const own = { store: { kind: "file", path: join(folder, "state.json") } };
  const second = { ...config(), ...own, control: { bind: sidecar.api.slice("http://".length) } };
  const file = join(folder, "second.json");
  await writeFile(file, JSON.stringify({ listeners: [{ bind: "127.0.0.1:0" }], ...second }));
  const port = await runSluice(["run", "-c", file]);
  expect([port.status, port.error]).toEqual([
    REFUSED,
    expect.stringMatching(/^sluice: Cannot .*EADDRINUSE/),
  ]);
  const path = join(sidecar.folder, "state.json");
  const store = { store: { kind: "file", path } };
  await writeFile(
    file,
    JSON.stringify({ listeners: [{ bind: "127.0.0.1:0" }], ...second, ...store }),
  );
  const lock = await runSluice(["run", "-c", file]);
  expect([lock.status, lock.error]).toEqual([
    REFUSED,
    `sluice: Cannot take ${path}.lock: process ${sidecar.child.pid} has it\n`,
  ]);
});

/**
 * Does something with the permissions of the user nobody, since root's know no bounds. A process
 * that is not root has bounds of its own.
 */
async function asNobody<Result>(work: () => Promise<Result>): Promise<Result> {
  const { geteuid, seteuid } = process;
  if (geteuid?.() !== 0 || seteuid === undefined) return work();
  const NOBODY = 65_534;
  seteuid(NOBODY);
  try {
    return await work();
  } finally {
    seteuid(0);
  }
}

test.each<readonly [string, ...Mistake]>([
  ["a file", "check FILE", USAGE, "config_invalid", "EACCES"],
  ["a file to apply", "apply FILE", USAGE, "config_invalid", "EACCES"],
  ["a control socket", "services --api unix:FILE", REFUSED, "unreachable", "another user"],
])("Whoever may not open %s is told so", async (_what, command, ...wanted) => {
  const file = join(folder, "secret");
  await writeFile(file, "");
  await chmod(file, 0o000);
  const args = command.replace("FILE", file).split(" ");
  expect(await asNobody(async () => told(args))).toEqual(saying(wanted));
});

/** A code, an exit status and a part of the message. */
function saying([status, code, message]: readonly [number, string, string]): unknown {
  return [status, code, expect.stringContaining(message)];
}
