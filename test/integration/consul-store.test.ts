import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { RevisionConflictError, StoreError } from "../../control/base/errors.ts";
import { ConsulStore } from "../../control/registry/consul-store.ts";
import type { StoredTable } from "../../control/store/store.ts";
import { consulForTests } from "../support/consul-binary.ts";
import { consulDeps, hurried, type TestDeps } from "../support/consul-deps.ts";
import { TestAgent } from "../support/consul.ts";
import { eventually } from "../support/eventually.ts";

const binary = (await consulForTests()) ?? "";

/** A table whose weight says which one it is. */
function tableOf(revision: number, weight = revision, services = 1): StoredTable {
  const document = { versions: { v1: { weight, endpoints: ["127.0.0.1:3000"] } } };
  const entries = Array.from({ length: services }, (_, index) => [`web-${index}`, document]);
  return { revision, services: Object.fromEntries(entries) };
}

/** A value for the table's key that only a test would write. */
function rawTable(fields: object): string {
  return JSON.stringify({ format: "sluice-table-1", ...fields });
}

const NAMES = Array.from({ length: 40_000 }, (_, index) => String(index));
const MANY = Object.fromEntries(NAMES.map((name) => [name, {}]));

/** Larger than a value in Consul may be. */
const large = (revision: number): StoredTable => tableOf(revision, revision, 8_000);

type Follower = {
  readonly store: ConsulStore;
  readonly heard: readonly StoredTable[];
  readonly problems: readonly (string | undefined)[];
  readonly end: () => Promise<void>;
};

describe.skipIf(binary === "")("ConsulStore", { timeout: 30_000 }, () => {
  let agent: TestAgent;
  let folder: string;
  let deps: TestDeps;
  let followers: Follower[] = [];
  let prefix = "";

  beforeAll(async () => {
    agent = await TestAgent.start(binary);
    folder = await mkdtemp(join(tmpdir(), "sluice-store-"));
  });
  beforeEach(() => {
    prefix = `sluice-${Math.random()}`;
    deps = consulDeps({ address: agent.address });
  });
  afterEach(async () => {
    await Promise.all(followers.map(async (follower) => follower.end()));
    followers = [];
    await deps[Symbol.asyncDispose]();
  });
  afterAll(async () => {
    await agent[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  const open = (sidecar: string, copyPath?: string): ConsulStore =>
    new ConsulStore(deps, { prefix, sidecar, copyPath });

  function follow(sidecar: string, copyPath?: string): Follower {
    const heard: StoredTable[] = [];
    const problems: (string | undefined)[] = [];
    const onProblem = (problem: string | undefined): void => void problems.push(problem);
    const options = { prefix, sidecar, copyPath };
    const store = new ConsulStore({ ...hurried(deps), onProblem }, options);
    const ending = new AbortController();
    const following = store.follow((table) => void heard.push(table), ending.signal);
    const end = async (): Promise<void> => {
      ending.abort();
      await following;
      await store.close();
    };
    const follower = { store, heard, problems, end };
    followers.push(follower);
    return follower;
  }

  test("load() gives undefined where nothing is, and then what was saved", async () => {
    const store = open("a");
    expect(await store.load()).toBeUndefined();
    await store.save(tableOf(1), 0);
    expect(await open("b").load()).toEqual(tableOf(1));
  });

  test("save() lets one of two writers win and tells the other the revision", async () => {
    const [a, b] = [open("a"), open("b")];
    await a.save(tableOf(1), 0);
    await b.load();
    const results = await Promise.allSettled([
      a.save(tableOf(2, 10), 1),
      b.save(tableOf(2, 20), 1),
    ]);
    const lost = results.filter((result) => result.status === "rejected");
    expect(lost).toHaveLength(1);
    expect(lost[0]?.reason).toBeInstanceOf(RevisionConflictError);
    expect(lost[0]?.reason).toMatchObject({ current: 2 });
    const winner = results[0]?.status === "fulfilled" ? 10 : 20;
    expect(await open("c").load()).toEqual(tableOf(2, winner));
  });

  test("save() with many writers at once keeps exactly one table a revision", async () => {
    const stores = Array.from({ length: 8 }, (_, index) => open(`s${index}`));
    for (const revision of [0, 1, 2, 3, 4]) {
      const saves = stores.map(async (store, index) =>
        store.save(tableOf(revision + 1, index), revision),
      );
      const results = await Promise.allSettled(saves);
      expect(results.filter((result) => result.status === "fulfilled")).toHaveLength(1);
    }
  });

  test("follow() tells of each table that others write, in order, not of its own", async () => {
    const [a, b] = [follow("a"), follow("b")];
    await a.store.save(tableOf(1), 0);
    await eventually(() => expect(b.heard).toEqual([tableOf(1)]));
    await b.store.save(tableOf(2), 1);
    await eventually(() => expect(a.heard).toEqual([tableOf(2)]));
    await a.store.save(tableOf(3), 2);
    await eventually(() => expect(b.heard).toEqual([tableOf(1), tableOf(3)]));
    expect(a.heard).toEqual([tableOf(2)]);
  });

  test("follow() does not tell of a write that leaves the value as it is", async () => {
    const b = follow("b");
    await open("a").save(tableOf(1), 0);
    await eventually(() => expect(b.heard).toHaveLength(1));
    const [entry] = (await agent.get(`kv/${prefix}/table`)) as [{ Value: string }];
    await agent.put(`kv/${prefix}/table`, Buffer.from(entry.Value, "base64").toString());
    await open("a").save(tableOf(2), 1);
    await eventually(() => expect(b.heard).toEqual([tableOf(1), tableOf(2)]));
  });

  test("a table over Consul's limit is stored in parts, read whole, later swept", async () => {
    const b = follow("b");
    const a = open("a");
    await a.save(large(1), 0);
    await eventually(() => expect(b.heard.at(-1)).toEqual(large(1)));
    await a.save(large(2), 1);
    expect(await open("c").load()).toEqual(large(2));
    const names = (await agent.get(`kv/${prefix}/parts/?keys`)) as string[];
    expect(names.length).toBeGreaterThan(1);
    expect(names.every((name) => name.startsWith(`${prefix}/parts/2-`))).toBe(true);
    await a.save(tableOf(3), 2);
    expect(await agent.get(`kv/${prefix}/parts/?keys`)).toBeUndefined();
  });

  test("save() refuses a table that is too large, in words, and leaves the old one", async () => {
    const a = open("a");
    await a.save(tableOf(1), 0);
    const error = await a.save(tableOf(2, 2, 200_000), 1).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(StoreError);
    expect(String(error)).toMatch(/the table is larger than 8388608 bytes/);
    expect(await open("b").load()).toEqual(tableOf(1));
  });

  test.each([
    ["no JSON", "oops", /it is not JSON/],
    ["another format", '{"weights":{}}', /format/],
    ["a revision of 0", rawTable(tableOf(0)), /revision/],
    ["a revision without a next one", rawTable(tableOf(Number.MAX_SAFE_INTEGER, 1)), /revision/],
    ["40 000 services", rawTable({ revision: 2, services: MANY }), /16384/],
    ["40 000 parts", rawTable({ revision: 2, parts: NAMES, sha256: "" }), /64 parts/],
  ])(
    "a bad value in KV is refused and reported, and a write repairs it: %s",
    async (_, bad, why) => {
      const [a, b] = [open("a"), follow("b")];
      await a.save(tableOf(1), 0);
      await eventually(() => expect(b.heard).toEqual([tableOf(1)]));
      await agent.put(`kv/${prefix}/table`, bad);
      await eventually(() => expect(b.store.problem).toMatch(why));
      await b.store.save(tableOf(2, 5), 1);
      expect(b.store.problem).toBeUndefined();
      expect(b.heard).toEqual([tableOf(1)]);
      expect(await open("c").load()).toEqual(tableOf(2, 5));
    },
  );

  test("a table that was deleted is put back by one of its followers", async () => {
    const [a, b] = [follow("a"), follow("b")];
    await a.store.save(large(1), 0);
    await eventually(() => expect(b.heard).toEqual([large(1)]));
    await agent.delete(`kv/${prefix}/?recurse`);
    await eventually(() => expect(b.problems).toContain(`Consul holds no key ${prefix}/table`));
    await eventually(async () => expect(await open("c").load()).toEqual(large(1)));
    await eventually(() =>
      expect([a.store.problem, b.store.problem]).toEqual([undefined, undefined]),
    );
    expect([a.heard, b.heard]).toEqual([[], [large(1)]]);
  });

  test("load() without Consul gives the last good table, and says why it may be old", async () => {
    const copyPath = join(folder, "table.json");
    const a = open("a", copyPath);
    await a.save(tableOf(7), 0);
    await a.close();
    await using away = consulDeps({ address: "http://127.0.0.1:1" });
    const store = new ConsulStore(away, { prefix, sidecar: "a", copyPath });
    expect(await store.load()).toEqual(tableOf(7));
    expect(store.problem).toMatch(/Consul cannot be reached/);
    const noCopy = new ConsulStore(away, { prefix, sidecar: "a" });
    await expect(noCopy.load()).rejects.toMatchObject({ code: "store_unreadable", status: 503 });
  });

  test("load() puts the last good table back into a Consul that has none", async () => {
    const copyPath = join(folder, "restored.json");
    const a = open("a", copyPath);
    await a.save(tableOf(7), 0);
    await a.close();
    await agent.delete(`kv/${prefix}/?recurse`);
    expect(await open("a", copyPath).load()).toEqual(tableOf(7));
    expect(await open("b").load()).toEqual(tableOf(7));
  });
});
