import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { runCommand } from "../../support/run-cli.ts";
import type { CliResult } from "../../support/run-cli.ts";
import { startApi } from "../../support/running-api.ts";
import type { RunningApi } from "../../support/running-api.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

let api: RunningApi;
let file: string;

beforeEach(async () => {
  api = await startApi();
  file = join(await temporaryFolder(), "services.yaml");
  return () => api[Symbol.asyncDispose]();
});

/** Applies a file of this text. */
async function apply(text: string, ...more: readonly string[]): Promise<CliResult> {
  await writeFile(file, text);
  return runCommand(["apply", file, ...more], { SLUICE_API: api.url });
}

const API = "api: { versions: { v1: { endpoints: ['10.0.0.1:1'] } } }";
const WEB = "web: { versions: { v3: { endpoints: ['10.0.0.2:1'] } } }";

test("sluice apply creates and replaces the services of a file, one revision each", async () => {
  const { status, out, error } = await apply(`${API}\n${WEB}\n`, "--reason", "v3");
  expect([status, error]).toEqual([0, ""]);
  expect(out.split("\n")).toEqual([
    "api is as in the file since revision 2",
    "web is as in the file since revision 3",
  ]);
  expect(api.services.names()).toEqual(["web", "api"]);
  expect(api.services.document("web")).toEqual({ versions: { v3: { endpoints: ["10.0.0.2:1"] } } });
});

test("sluice apply takes the services of a file, or only those named", async () => {
  const config = `listeners: [{ bind: "127.0.0.1:1" }]\nservices:\n  ${API}\n  ${WEB}\n`;
  expect((await apply(config, "api", "--json")).out).toBe(
    '{"applied":[{"service":"api","revision":2,"warnings":[]}]}',
  );
  expect(Object.keys(api.services.document("web").versions)).toEqual(["v1", "v2"]);
});

test("sluice apply takes what `services NAME --json` calls the document", async () => {
  const env = { SLUICE_API: api.url };
  const { out } = await runCommand(["services", "web", "--json"], env);
  const { document } = JSON.parse(out) as { readonly document: object };
  const { status } = await apply(JSON.stringify({ web: document }));
  // Nothing changes, so it has no revision of its own.
  expect([status, api.services.revision]).toEqual([0, 1]);
});

test("sluice apply --plan says what would be, new services too, and writes nothing", async () => {
  const { status, out } = await apply(`${API}\n${WEB}\n`, "--plan");
  expect([status, api.services.revision]).toEqual([0, 1]);
  expect(out).toMatch(/^api\nVERSION .*\nv1 .*-> 100 %[^]*\n\nweb\nVERSION /);
});

test("sluice apply writes nothing when one service of the file cannot be", async () => {
  const bad = "zoo: { versions: { v1: { weight: -1, endpoints: ['10.0.0.1:1'] } } }";
  const { status, error } = await apply(`${API}\n${bad}\n`);
  expect([status, error]).toEqual([
    1,
    expect.stringMatching(/^sluice: Cannot apply zoo of .*: versions\.v1\.weight: wanted /),
  ]);
  expect([api.services.revision, api.services.names()]).toEqual([1, ["web"]]);
});

test.each([
  ["a broken text", "api: {", [], "Cannot use"],
  ["a list", "[1]", [], "wanted services by name"],
  ["no service", "{}", [], "wanted services in it, found none"],
  ["other things", "listeners: [1]", [], "listeners: wanted a service"],
  ["another service", API, ["web"], "wanted web in it, found api"],
])("sluice apply of a file with %s is a usage error", async (_name, text, names, words) => {
  const { status, error } = await apply(text, ...names);
  expect([status, error]).toEqual([2, expect.stringContaining(words)]);
  expect(api.services.revision).toBe(1);
});
