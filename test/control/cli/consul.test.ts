import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { runCommand } from "../../support/run-cli.ts";
import { ok, startScriptedApi } from "../../support/scripted-api.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const RESOLVER = "GET /v1/config/service-resolver/web";
const SPLITTER = "GET /v1/config/service-splitter/web";

/** What Consul answers for a service with two subsets. */
const ENTRIES = {
  [RESOLVER]: ok({
    Kind: "service-resolver",
    Name: "web",
    DefaultSubset: "v1",
    Subsets: {
      v1: { Filter: 'Service.Meta.version == "v1"' },
      v2: { Filter: 'Service.Meta.version == "v2"', OnlyPassing: true },
    },
  }),
  [SPLITTER]: ok({
    Kind: "service-splitter",
    Name: "web",
    ModifyIndex: 7,
    Splits: [
      { Weight: 90, ServiceSubset: "v1" },
      { Weight: 10, ServiceSubset: "v2" },
    ],
  }),
};

test("sluice consul import prints as YAML what Consul's own mesh is told", async () => {
  const agent = await startScriptedApi(ENTRIES);
  const { status, out } = await runCommand(["consul", "import", "web", "--consul", agent.url]);
  expect(status).toBe(0);
  expect(parse(out)).toMatchObject({
    web: { versions: { v1: { weight: 9000 }, v2: { weight: 1000 } } },
  });
});

test.each([
  ["with its scheme", (url: string) => url],
  ["as Consul's programs take it", (url: string) => url.replace("http://", "")],
])("sluice consul import finds the agent by CONSUL_HTTP_ADDR %s", async (_name, form) => {
  const agent = await startScriptedApi(ENTRIES);
  const env = { CONSUL_HTTP_ADDR: form(agent.url) };
  const { status, out } = await runCommand(["consul", "import", "web", "--json"], env);
  expect([status, Object.keys(JSON.parse(out) as object)]).toEqual([0, ["web"]]);
});

test("sluice consul import takes the agent of a configuration file", async () => {
  const agent = await startScriptedApi(ENTRIES);
  const file = join(await temporaryFolder(), "sluice.json");
  const versions = { v1: { endpoints: ["a:1"] } };
  const config = { listeners: [{ bind: "127.0.0.1:0" }], services: { web: { versions } } };
  await writeFile(file, JSON.stringify({ ...config, consul: { address: agent.url } }));
  const args = ["consul", "import", "web", "--json", "-c", file];
  expect(await runCommand(args)).toMatchObject({
    status: 0,
    error: expect.stringMatching(/^sluice: note: v1: without OnlyPassing Consul's mesh uses/),
  });
  const healthy = { ...config, consul: { address: agent.url, warningIsHealthy: true } };
  await writeFile(file, JSON.stringify(healthy));
  expect(await runCommand(args)).toMatchObject({
    status: 0,
    error: expect.stringMatching(/^sluice: note: v2: OnlyPassing leaves out instances/),
  });
  await writeFile(file, JSON.stringify(config));
  expect(await runCommand(args)).toMatchObject({
    status: 2,
    error: expect.stringContaining("wanted where Consul is, found nothing"),
  });
});

test("sluice consul import says that Consul knows nothing of the service", async () => {
  const agent = await startScriptedApi({});
  const { status, error } = await runCommand(["consul", "import", "web", "--consul", agent.url]);
  expect(status).toBe(1);
  expect(error).toMatch(
    /^sluice: Cannot import web: .*no service-router, service-splitter or service-resolver/,
  );
});

test("sluice consul import refuses an address that is no URL", async () => {
  const args = ["consul", "import", "web", "--consul", "ftp://consul.test"];
  const { status, error } = await runCommand(args);
  expect([status, error]).toEqual([
    2,
    expect.stringContaining('unix:///run/consul.sock, found --consul "ftp://consul.test"'),
  ]);
});
