import { expect, test } from "vitest";
import type { FleetView, RegistryView } from "../../../control/api/deps.ts";
import { ConsulError } from "../../../control/consul/consul-error.ts";
import type { FleetMember } from "../../../control/registry/sidecar-fleet.ts";
import { runCli } from "../../../control/cli/program.ts";
import { startApi } from "../../support/running-api.ts";
import type { RunningApi } from "../../support/running-api.ts";

const A: FleetMember = { sidecar: "a", revision: 2, api: "http://127.0.0.1:9181", host: "one" };
const B: FleetMember = { sidecar: "b", revision: 1, api: undefined, host: undefined };

function registryOf(fleet: Partial<FleetView>, stale: readonly string[] = []): RegistryView {
  const view = { members: async () => [A, B], whoLags: async () => [], ...fleet };
  return { stale, stalenessMs: () => 0, fleet: view };
}

function shift(api: RunningApi, query: string): Promise<Response> {
  return fetch(`${api.url}/v1/services/web/weights${query}`, {
    method: "PATCH",
    headers: { "content-type": "application/json", "if-match": "*" },
    body: '{"v1":1}',
  });
}

async function cli(api: RunningApi, ...args: readonly string[]): Promise<readonly string[]> {
  const lines: string[] = [];
  const note = (line: string): void => void lines.push(line);
  const options = { output: { out: note, error: note }, env: {}, version: "0" };
  const status = await runCli(["--api", api.url, ...args], options);
  return [String(status), ...lines];
}

test("GET fleet lists the live sidecars; without a shared table it is 404", async () => {
  await using api = await startApi({ registry: registryOf({}) });
  expect(await (await fetch(`${api.url}/v1/fleet`)).json()).toEqual({
    revision: 1,
    sidecars: [A, { sidecar: "b", revision: 1 }],
  });
  await using alone = await startApi();
  const answer = await fetch(`${alone.url}/v1/fleet`);
  expect([answer.status, await answer.json()]).toMatchObject([404, { code: "no_fleet" }]);
});

test("GET fleet says why Consul cannot be asked", async () => {
  const members = async (): Promise<never> => {
    throw new ConsulError("consul_no_leader", "read the fleet", "no leader");
  };
  await using api = await startApi({ registry: registryOf({ members }) });
  const answer = await fetch(`${api.url}/v1/fleet`);
  expect([answer.status, await answer.json()]).toMatchObject([503, { code: "consul_no_leader" }]);
});

test("PATCH weights?wait=fleet answers only once the shift's own revision is there", async () => {
  const asked: number[] = [];
  const gate = Promise.withResolvers<readonly FleetMember[]>();
  const whoLags = (revision: number): Promise<readonly FleetMember[]> => {
    asked.push(revision);
    return gate.promise;
  };
  await using api = await startApi({ registry: registryOf({ whoLags }) });
  const answered: number[] = [];
  const answer = shift(api, "?wait=fleet").finally(() => answered.push(asked.length));
  await expect.poll(() => asked).toEqual([2]);
  expect(answered).toEqual([]);
  gate.resolve([]);
  expect(await (await answer).json()).toMatchObject({ revision: 2, weights: { v1: 1 } });
  expect((await shift(api, "")).status).toBe(200);
  expect(asked).toEqual([2]);
});

test("PATCH weights?wait=fleet names who lags; the shift stands", async () => {
  await using api = await startApi({ registry: registryOf({ whoLags: async () => [B] }) });
  const answer = await shift(api, "?wait=fleet");
  expect(answer.status).toBe(503);
  expect(await answer.json()).toMatchObject({
    code: "fleet_lags",
    revision: 2,
    detail:
      "Cannot confirm revision 2 in the fleet: it is stored, but b (at 1) did not follow " +
      "within 10 s",
  });
  expect(api.services.revision).toBe(2);
});

test("PATCH weights?wait=fleet says so when nobody can say who lags", async () => {
  const whoLags = async (): Promise<never> => {
    throw new ConsulError("consul_timeout", "read the fleet", "Consul does not answer in time");
  };
  await using api = await startApi({ registry: registryOf({ whoLags }) });
  const answer = await shift(api, "?wait=fleet");
  expect([answer.status, await answer.json()]).toMatchObject([
    503,
    { code: "fleet_lags", detail: expect.stringContaining("Consul does not answer in time") },
  ]);
});

test("PATCH weights with a wait that cannot be changes nothing", async () => {
  await using alone = await startApi();
  expect((await shift(alone, "?wait=fleet")).status).toBe(404);
  expect((await shift(alone, "?wait=all")).status).toBe(422);
  expect((await shift(alone, "?when=now")).status).toBe(422);
  expect(alone.services.revision).toBe(1);
});

test("sluice services --fleet shows who lags; sluice shift --wait fleet then fails", async () => {
  const whoLags = async (): Promise<readonly FleetMember[]> => [B];
  await using api = await startApi({ registry: registryOf({ whoLags }) });
  const [status, refusal] = await cli(api, "shift", "web", "v1=1", "--wait", "fleet");
  expect([status, refusal]).toEqual(["1", expect.stringContaining("b (at 1) did not follow")]);
  const [, text = ""] = await cli(api, "services", "--fleet");
  expect(
    text
      .split("\n")
      .slice(-3)
      .map((line) => line.split(/ {2,}/)),
  ).toEqual([
    ["SIDECAR", "REVISION", "API"],
    ["a", "2", "http://127.0.0.1:9181"],
    ["b", "1", "behind 2", "-"],
  ]);
  const [, json = ""] = await cli(api, "services", "web", "--fleet", "--json");
  expect(JSON.parse(json)).toMatchObject({ name: "web", fleet: { revision: 2 } });
});
