import { expect, onTestFinished, test } from "vitest";
import type { MigrationsView } from "../../../control/api/deps.ts";
import { ControlError } from "../../../control/base/errors.ts";
import { OpenTotals } from "../../../control/migrations/open-totals.ts";
import type { ServiceView } from "../../../control/views/service-view.ts";
import type { MigrationView } from "../../../control/migrations/version-migration.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { startApi, WEB } from "../../support/running-api.ts";
import type { RunningApi } from "../../support/running-api.ts";

const RUNNING: MigrationView = {
  state: "running",
  left: { tunnel: 4, exchange: 1 },
  closed: 6,
  timeLeftMs: 400,
};

const DRAINING = {
  ...WEB,
  versions: { ...WEB.versions, v1: { ...WEB.versions["v1"], state: "drain" as const } },
};

/** An API over migrations that say what the test does. */
async function start(
  migrations: Partial<MigrationsView>,
  clock?: ManualClock,
): Promise<{ api: RunningApi; actions: string[] }> {
  const actions: string[] = [];
  const api = await startApi({
    initial: { web: DRAINING },
    ...(clock === undefined ? {} : { clock }),
    migrations: {
      view: ({ version }) => (version === "v1" ? RUNNING : undefined),
      open: async () => new OpenTotals([]),
      act: ({ service, version }, action) => {
        if (version !== "v1") throw new ControlError("no_migration", 404, "There is none");
        actions.push(`${action} ${service}/${version}`);
        return RUNNING;
      },
      ...migrations,
    },
  });
  onTestFinished(() => api[Symbol.asyncDispose]());
  return { api, actions };
}

function post(api: RunningApi, path: string, body: unknown): Promise<Response> {
  const headers = { "content-type": "application/json" };
  const url = `${api.url}/v1/services/${path}/migration`;
  return fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
}

test("GET services/{s} shows what a version being left holds, and its migration", async () => {
  const name = { service: "web", version: "v1" };
  const counts = [
    { ...name, tunnel: [1, 2, 0, 0], exchange: [0, 0, 0, 1] },
    { ...name, tunnel: [1, 0, 0, 0], exchange: [0, 0, 0, 0] },
  ];
  const { api } = await start({ open: async () => new OpenTotals(counts) });
  const read = async <Body>(path: string): Promise<Body> =>
    (await (await fetch(`${api.url}/v1/${path}`)).json()) as Body;
  const one = await read<ServiceView>("services/web");
  const all = await read<{ services: ServiceView[] }>("services");
  for (const view of [one, all.services[0]]) {
    const { v1, v2 } = view?.versions ?? {};
    expect(v1).toMatchObject({
      state: "drain",
      migration: RUNNING,
      left: {
        tunnel: { under1m: 2, under10m: 2, under1h: 0, older: 0 },
        exchange: { under1m: 0, under10m: 0, under1h: 0, older: 1 },
      },
    });
    expect(v2).not.toHaveProperty("left");
    expect(v2).not.toHaveProperty("migration");
  }
});

test("GET services/{s} does not wait for workers that do not say what is left", async () => {
  const clock = new ManualClock();
  const { api } = await start({ open: () => new Promise(() => undefined) }, clock);
  const reading = fetch(`${api.url}/v1/services/web`).then((response) => response.json());
  const timer = setInterval(() => void clock.advance(500), 10);
  onTestFinished(() => clearInterval(timer));
  const { versions } = (await reading) as { versions: Record<string, object> };
  expect(versions["v1"]).toMatchObject({ state: "drain", migration: RUNNING });
  expect(versions["v1"]).not.toHaveProperty("left");
});

test("POST migration resumes and stops", async () => {
  const { api, actions } = await start({});
  for (const action of ["resume", "stop"]) {
    const response = await post(api, "web/versions/v1", { action });
    expect([response.status, await response.json()]).toEqual([200, RUNNING]);
  }
  expect(actions).toEqual(["resume web/v1", "stop web/v1"]);
});

test.each([
  ["web/versions/v1", { action: "pause" }, 422, "invalid"],
  ["web/versions/v1", { action: "stop", now: true }, 422, "invalid"],
  ["web/versions/v2", { action: "stop" }, 404, "no_migration"],
  ["web/versions/v9", { action: "stop" }, 404, "unknown_version"],
  ["none/versions/v2", { action: "stop" }, 404, "unknown_service"],
])("POST %s/migration %j is refused with %d %s", async (path, body, status, code) => {
  const { api, actions } = await start({});
  const response = await post(api, path, body);
  expect([response.status, await response.json()]).toMatchObject([status, { code }]);
  expect(actions).toEqual([]);
});
