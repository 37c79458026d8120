import { expect, test } from "vitest";
import { startApi } from "../../support/running-api.ts";
import type { RunningApi } from "../../support/running-api.ts";

type Entry = {
  readonly sequence: number;
  readonly revision: number;
  readonly hash: string;
  readonly previousHash: string;
  readonly before?: unknown;
  readonly after?: unknown;
};

async function entriesOf(api: RunningApi, query = ""): Promise<readonly Entry[]> {
  const answer = await fetch(`${api.url}/v1/audit${query}`);
  return ((await answer.json()) as { readonly entries: readonly Entry[] }).entries;
}

/** An API whose table has been shifted `times`. */
async function shifted(times: number): Promise<RunningApi> {
  const api = await startApi();
  for (let weight = 1; weight <= times; weight += 1) {
    const context = { actor: "local", reason: undefined, ifMatch: "*" } as const;
    await api.services.shift("web", { v2: weight }, context);
  }
  return api;
}

test("GET audit gives entries oldest first, each tied to the one before", async () => {
  await using api = await shifted(3);
  const entries = await entriesOf(api);
  expect(entries.map(({ revision }) => revision)).toEqual([2, 3, 4]);
  expect(entries.slice(1).map(({ previousHash }) => previousHash)).toEqual(
    entries.slice(0, -1).map(({ hash }) => hash),
  );
  expect(entries[2]).toMatchObject({
    before: { versions: { v2: { weight: 2 } } },
    after: { versions: { v2: { weight: 3 } } },
  });
});

test.each([
  ["the newest", "?limit=2", [2, 3]],
  ["the first ones after a sequence number", "?since=1&limit=1", [2]],
  ["none after the last", "?since=3", []],
  ["none for limit 0", "?limit=0", []],
])("GET audit gives %s: %s", async (_name, query, sequences) => {
  await using api = await shifted(3);
  const entries = await entriesOf(api, query);
  expect(entries.map(({ sequence }) => sequence)).toEqual(sequences);
});

test.each(["limit=0x10", "limit=1001", "limit=-1", "since=now", "until=3"])(
  "GET audit?%s is 422",
  async (query) => {
    await using api = await startApi();
    const response = await fetch(`${api.url}/v1/audit?${query}`);
    expect(await response.json()).toMatchObject({ status: 422, path: query.split("=")[0] });
  },
);

test("GET audit/check says that the chain holds, and where it ends", async () => {
  await using api = await shifted(2);
  const hash = (await entriesOf(api))[1]?.hash;
  const answer = await fetch(`${api.url}/v1/audit/check`);
  expect([answer.status, await answer.json()]).toEqual([
    200,
    { entries: 2, torn: 0, head: { sequence: 2, hash } },
  ]);
});

test("POST audit/accept says whether there was anything to accept", async () => {
  const asked: unknown[] = [];
  const acceptAudit = async (...by: unknown[]): Promise<boolean> => asked.push(by) === 1;
  const store = { refusals: new Map(), rewrite: () => Promise.reject(new Error("unasked")) };
  const shared = { auditProblem: undefined, acceptAudit, store };
  const registry = { stale: [], stalenessMs: () => 0, fleet: undefined, shared };
  await using api = await startApi({ registry });
  const accept = async (): Promise<unknown> => {
    const headers = { "x-sluice-reason": "a new disk" };
    return (await fetch(`${api.url}/v1/audit/accept`, { method: "POST", headers })).json();
  };
  expect(await accept()).toEqual({ accepted: true });
  expect(asked).toEqual([[{ actor: "local", reason: "a new disk" }, 1]]);
  expect(await accept()).toEqual({ accepted: false });
});

test("POST audit/accept without a registry has nothing to accept", async () => {
  await using api = await startApi();
  const answer = await fetch(`${api.url}/v1/audit/accept`, { method: "POST" });
  expect(await answer.json()).toEqual({ accepted: false });
});
