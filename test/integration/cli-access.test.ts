import { appendFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { cellsOf, runCommand } from "../support/run-cli.ts";
import type { CliResult } from "../support/run-cli.ts";
import { startSidecar } from "../support/sidecar.ts";
import type { TestSidecar } from "../support/sidecar.ts";

/*
 * Goal: what `sluice token new` prints is all that a sidecar and its operators need, and whoever is
 * refused is told what would help. Method: a real sidecar that reads the printed entries from a
 * file of tokens, and the command line with tokens of several roles.
 */

const VERSIONS = {
  v1: { weight: 1, endpoints: ["127.0.0.1:9"] },
  v2: { weight: 0, endpoints: [] },
};

let folder: string;
let sidecar: TestSidecar;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sluice-access-"));
  const tokenFile = join(folder, "tokens.yaml");
  await writeFile(tokenFile, "tokens:\n");
  await make("ci", "--role", "shift", "--service", "web", "--expires", "1h");
  await make("ops", "--role", "admin");
  sidecar = await startSidecar({
    workers: 1,
    control: { bind: "127.0.0.1:0", auth: { tokenFile } },
    services: { web: { hosts: ["web"], versions: VERSIONS }, shop: { versions: VERSIONS } },
  });
});
afterAll(async () => {
  await sidecar.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Makes a token in a file of its name, and adds what that prints to the sidecar's file. */
async function make(name: string, ...more: readonly string[]): Promise<void> {
  const out = join(folder, `${name}.token`);
  const made = await runCommand(["token", "new", name, ...more, "--out", out]);
  expect(made).toMatchObject({ status: 0, error: "" });
  await appendFile(join(folder, "tokens.yaml"), `${made.out}\n`);
}

/** A command with the token of this name. */
function as(name: string, ...args: readonly string[]): Promise<CliResult> {
  const tokenFile = join(folder, `${name}.token`);
  return runCommand([...args, "--token-file", tokenFile], { SLUICE_API: sidecar.api });
}

test("a token that was made is known by its entry alone, and may do what that says", async () => {
  expect(cellsOf((await as("ci", "whoami")).out)).toEqual([
    ["actor", "token:ci"],
    ["role", "shift"],
    ["services", "web"],
  ]);
  expect(cellsOf((await as("ops", "whoami")).out)).toEqual([
    ["actor", "token:ops"],
    ["role", "admin"],
    ["services", "all"],
  ]);
  expect(await as("ci", "shift", "web", "v1=2")).toMatchObject({ status: 0, error: "" });
  const { out } = await as("ops", "audit", "--limit", "1", "--json");
  expect(JSON.parse(out)).toMatchObject({ entries: [{ actor: "token:ci", service: "web" }] });
});

test.each([
  [["shift", "shop", "v1=2"], "wanted only web, as token:ci is limited to, found shop"],
  [["delete", "web"], "wanted role write, found role shift of token:ci"],
  [["reload"], "wanted role admin, found role shift of token:ci"],
])("sluice %j beyond one's role is refused, and points to whoami", async (args, why) => {
  expect(await as("ci", ...args)).toEqual({
    status: 1,
    out: "",
    error: `sluice: Cannot do this: ${why}; \`sluice whoami\` says who you are there`,
  });
});

test("whoever shows nothing, or what is not known, is told so, and stopped", async () => {
  const env = { SLUICE_API: sidecar.api };
  const nothing = await runCommand(["services"], env);
  expect([nothing.status, nothing.error]).toEqual([
    1,
    expect.stringMatching(/found none; --token-file FILE or SLUICE_TOKEN_FILE gives a token$/),
  ]);
  // Health checks need no token.
  expect(await runCommand(["status", "--check"], env)).toMatchObject({
    status: 0,
    out: "ready: yes",
  });
  const token = (await readFile(join(folder, "ci.token"), "utf8")).trim();
  const wrong = { ...env, SLUICE_TOKEN: token.replace(/.{4}$/, "oops") };
  const refusals: string[] = [];
  for (let turn = 0; turn < 11; turn += 1) {
    refusals.push((await runCommand(["whoami"], wrong)).error);
  }
  expect(refusals[0]).toMatch(/; it does not know the token of SLUICE_TOKEN: has it expired, or/);
  expect(refusals[10]).toMatch(/; try again in \d+ s$/);
  expect(refusals.join()).not.toMatch(/oops|sluice_/);
  expect((await as("ci", "whoami")).status).toBe(0);
});
