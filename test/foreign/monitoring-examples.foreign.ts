import { cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { freePorts } from "../../control/cli/demo/children.ts";
import { eventually } from "../support/eventually.ts";
import { asSent, dashboardQueries, exampleAlerts } from "../support/example-queries.ts";
import { startSidecar } from "../support/sidecar.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { VersionOrigin } from "../support/version-origin.ts";
import { ForeignServer, runProgram } from "./support/foreign-process.ts";
import { isMissing, program } from "./support/programs.ts";

/*
 * Goal: the alerts fire when they should, and the dashboard shows something. Method: promtool's own
 * tests of the alerts; and a real Prometheus that scrapes a sidecar under load by the example's
 * configuration, and is asked every query of both.
 */

const FOLDER = new URL("../../examples/prometheus/", import.meta.url).pathname;

/** Panels of what there is none of in a test that goes well. */
const EMPTY_WHEN_WELL = [
  "Certificates end in",
  "Failed attempts",
  "Migrations: what is left",
  "Refused, limited, shed",
  "Table changed",
  "Tunnels that ended",
  "Workers replaced, faults of its own",
];

/** Prometheus scrapes at once and every second, and its rates need two scrapes. */
const FIRST_RATES_MS = 30_000;

type Sample = { readonly metric: Readonly<Record<string, string>> };

/** Asks Prometheus a query. @throws when it cannot be understood. */
async function ask(url: string, query: string): Promise<readonly Sample[]> {
  const answer = await fetch(`${url}/api/v1/query?${new URLSearchParams({ query })}`);
  const { status, error, data } = (await answer.json()) as {
    readonly status: string;
    readonly error?: string;
    readonly data: { readonly result: readonly Sample[] };
  };
  if (status !== "success") throw new Error(`${query}: ${error}`);
  return data.result;
}

/** The example's Prometheus, each second at this sidecar; its address. */
async function startPrometheus(metricsPort: number): Promise<string> {
  const folder = await temporaryFolder();
  await cp(FOLDER, folder, { recursive: true });
  const file = join(folder, "prometheus.yml");
  const config = await readFile(file, "utf8");
  await writeFile(
    file,
    config.replaceAll("15s", "1s").replace("127.0.0.1:9181", `127.0.0.1:${metricsPort}`),
  );
  const [port] = await freePorts();
  const server = await ForeignServer.start(port, program("prometheus"), [
    `--config.file=${file}`,
    `--storage.tsdb.path=${join(folder, "data")}`,
    `--web.listen-address=127.0.0.1:${port}`,
  ]);
  onTestFinished(() => server[Symbol.asyncDispose]());
  return `http://${server.address}`;
}

/** A sidecar with a rollout under way and requests all the time; its port for metrics. */
async function startBusySidecar(): Promise<number> {
  const [v1, v2] = [await VersionOrigin.start("v1"), await VersionOrigin.start("v2")];
  const [metricsPort] = await freePorts();
  const sidecar = await startSidecar({
    listeners: [{ bind: "127.0.0.1:0" }],
    metrics: { bind: `127.0.0.1:${metricsPort}` },
    services: {
      web: {
        hosts: ["127.0.0.1"],
        versions: {
          v1: { weight: 100, endpoints: [v1.address] },
          v2: { weight: 0, endpoints: [v2.address] },
        },
      },
    },
  });
  const load = setInterval(() => {
    void fetch(`http://127.0.0.1:${sidecar.ports[0]}/`).catch(() => undefined);
    void fetch(`http://localhost:${sidecar.ports[0]}/`).catch(() => undefined);
  }, 20);
  onTestFinished(async () => {
    clearInterval(load);
    await sidecar.stop();
    v1[Symbol.dispose]();
    v2[Symbol.dispose]();
  });
  const plan = { service: "web", to: "v2", steps: [50] };
  expect((await sidecar.call("POST", "/v1/rollouts", plan)).status).toBe(201);
  return metricsPort;
}

describe("The alerts", () => {
  test("pass their own tests, and promtool's check", async ({ skip }) => {
    skip(isMissing("promtool"), "no promtool");
    const cwd = FOLDER;
    for (const args of [
      ["check", "config", "prometheus.yml"],
      ["check", "rules", "alerts.yml"],
      ["test", "rules", "alerts.test.yml"],
    ]) {
      const { status, out, error } = await runProgram(program("promtool"), args, { cwd });
      expect({ args, status, said: status === 0 ? "" : out + error }).toEqual({
        args,
        status: 0,
        said: "",
      });
    }
  });
});

describe("A Prometheus at a sidecar", () => {
  test("answers every query of the dashboard, and has nothing to alert of", async ({ skip }) => {
    skip(isMissing("prometheus"), "no prometheus");
    const url = await startPrometheus(await startBusySidecar());
    const isEmptyWell = new Set(EMPTY_WHEN_WELL);
    for (const { place, expr } of dashboardQueries()) {
      await eventually(async () => {
        const found = await ask(url, asSent(expr));
        if (!isEmptyWell.has(place))
          expect([place, expr, found.length > 0]).toEqual([place, expr, true]);
      }, FIRST_RATES_MS);
    }
    const rules = await eventually(async () => {
      const answer = await fetch(`${url}/api/v1/rules`);
      const { data } = (await answer.json()) as {
        readonly data: {
          readonly groups: readonly { rules: readonly Record<string, unknown>[] }[];
        };
      };
      const all = data.groups.flatMap((group) => group.rules);
      expect(all.filter(({ health }) => health !== "ok")).toEqual([]);
      return all;
    }, FIRST_RATES_MS);
    expect(rules).toHaveLength(exampleAlerts().length);
    expect(rules.filter(({ state }) => state === "firing").map(({ name }) => name)).toEqual([]);
  });
});
