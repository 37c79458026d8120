import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { runCommand } from "../../support/run-cli.ts";
import type { CliResult } from "../../support/run-cli.ts";
import { startApi } from "../../support/running-api.ts";
import type { RunningApi } from "../../support/running-api.ts";
import { ok, refused, startScriptedApi } from "../../support/scripted-api.ts";
import type { ScriptedAnswer } from "../../support/scripted-api.ts";
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
    expect.stringMatching(
      /^sluice: Cannot apply zoo of .*: versions\.v1\.weight: wanted .*; nothing was written$/,
    ),
  ]);
  expect([api.services.revision, api.services.names()]).toEqual([1, ["web"]]);
});

/** A plan's answer, with warnings of these codes. */
function planned(...codes: readonly string[]): ScriptedAnswer {
  return ok({ versions: {}, warnings: codes.map((code) => ({ code, text: `${code} of it` })) });
}

const TABLE = ok({ revision: 7 });

test("sluice apply writes nothing when one of its writes would be refused", async () => {
  const scripted = await startScriptedApi({
    "GET /v1/services": TABLE,
    "POST /v1/services/api/plan": planned("no_change"),
    "POST /v1/services/web/plan": planned("nothing_would_serve"),
    "PUT /v1/services/api?force=true": ok({ revision: 7, warnings: [] }),
    "PUT /v1/services/web?force=true": ok({ revision: 8, warnings: [] }),
  });
  await writeFile(file, `${API}\n${WEB}\n`);
  const env = { SLUICE_API: scripted.url };
  const refusal = await runCommand(["apply", file], env);
  expect([refusal.status, refusal.error]).toEqual([
    1,
    `sluice: Cannot apply web of ${file}: Cannot write: nothing_would_serve of it; ` +
      "--force with --reason does it anyway; nothing was written",
  ]);
  expect(scripted.asked.filter(({ call }) => call.startsWith("PUT"))).toEqual([]);
  const forced = await runCommand(["apply", file, "--force", "--reason", "it is over"], env);
  expect([
    forced.status,
    scripted.asked.filter(({ call }) => call.startsWith("PUT")).length,
  ]).toEqual([0, 2]);
});

test("sluice apply --take-over plans and writes as whoever takes over from a rollout", async () => {
  const scripted = await startScriptedApi({
    "GET /v1/services": TABLE,
    "POST /v1/services/web/plan?takeOver=true": planned(),
    "PUT /v1/services/web?takeOver=true": ok({ revision: 8, warnings: [] }),
  });
  await writeFile(file, WEB);
  const { status, error } = await runCommand(["apply", file, "--take-over"], {
    SLUICE_API: scripted.url,
  });
  expect([status, error]).toEqual([0, ""]);
});

const TWO = "written before it: api (revision 8), web (revision 9); the way back: ";

test.each<[number, string, string]>([
  [412, "revision_conflict", `${TWO}\`sluice undo api 7\`, \`sluice undo web 7\``],
  [503, "not_in_force", "`sluice undo web 7`; `sluice audit` shows whether zoo was written"],
])(
  "sluice apply says what is written, and the way back, after %d %s",
  async (status, code, words) => {
    const scripted = await startScriptedApi({
      "GET /v1/services": TABLE,
      ...Object.fromEntries(
        ["api", "same", "web", "zoo"].map((name) => [`POST /v1/services/${name}/plan`, planned()]),
      ),
      "PUT /v1/services/api": ok({ revision: 8, warnings: [] }),
      // Nothing has changed, so an undo would take back something else.
      "PUT /v1/services/same": ok({ revision: 8, warnings: [] }),
      "PUT /v1/services/web": ok({ revision: 9, warnings: [] }),
      "PUT /v1/services/zoo": refused(status, code, "Cannot do it"),
    });
    await writeFile(
      file,
      ["api", "same", "web", "zoo"].map((name) => `${name}: { versions: {} }`).join("\n"),
    );
    const { status: exit, error } = await runCommand(["apply", file], { SLUICE_API: scripted.url });
    expect([exit, error]).toEqual([1, expect.stringContaining(words)]);
    expect(error).not.toContain("same");
    const writes = scripted.asked.filter(({ call }) => call.startsWith("PUT"));
    expect(writes.map(({ ifMatch }) => ifMatch)).toEqual(['"7"', '"8"', '"8"', '"9"']);
  },
);

test("sluice undo takes an apply back, by the revision before it", async () => {
  const before = api.services.document("web");
  expect((await apply(`${API}\n${WEB}\n`)).status).toBe(0);
  for (const service of ["api", "web"]) {
    const { status } = await runCommand(["undo", service, "1"], { SLUICE_API: api.url });
    expect(status).toBe(0);
  }
  expect([api.services.names(), api.services.document("web")]).toEqual([["web"], before]);
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
