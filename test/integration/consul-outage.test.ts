import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { heartbeat } from "../../control/registry/heartbeat.ts";
import { watch } from "../../control/consul/watch.ts";
import { ConsulStore } from "../../control/registry/consul-store.ts";
import type { StoredTable } from "../../control/store/store.ts";
import { consulForTests } from "../support/consul-binary.ts";
import { consulDeps, hurried, type TestDeps } from "../support/consul-deps.ts";
import { TestAgent } from "../support/consul.ts";
import { eventually } from "../support/eventually.ts";

const binary = (await consulForTests()) ?? "";
const LIMIT = { burst: 100, refillMs: 10 };

function tableOf(revision: number): StoredTable {
  return { revision, services: { web: { versions: { v1: { endpoints: ["127.0.0.1:3000"] } } } } };
}

describe.skipIf(binary === "")("with an agent that goes away", { timeout: 30_000 }, () => {
  let agent: TestAgent;
  let deps: TestDeps;
  let ending: AbortController;
  let following: Promise<unknown> = Promise.resolve();

  beforeEach(async () => {
    agent = await TestAgent.start(binary);
    deps = consulDeps({ address: agent.address });
    ending = new AbortController();
  });
  afterEach(async () => {
    ending.abort();
    await following;
    await deps[Symbol.asyncDispose]();
    await agent[Symbol.asyncDispose]();
  });

  /** What a watch of one key reported: `value`, `gone` or `failed`. */
  function watchKey(): readonly string[] {
    const told: string[] = [];
    const target = {
      action: "read x",
      path: "kv/x",
      query: { raw: "" },
      stale: true,
      limit: LIMIT,
    };
    const listener = {
      onChange: ({ found, text }: { readonly found: boolean; readonly text: string }): void => {
        told.push(found ? text : "gone");
      },
      onFailure: () => {
        if (told.at(-1) !== "failed") told.push("failed");
      },
    };
    following = watch(deps, target, listener, ending.signal);
    return told;
  }

  test("watch() tells each change once, though the index moves without one", async () => {
    const told = watchKey();
    for (const value of ["1", "1", "2"]) {
      await agent.put("kv/x", value);
      await eventually(() => expect(told.at(-1)).toBe(value));
    }
    await agent.put("kv/y", "other");
    await agent.delete("kv/x");
    await eventually(() => expect(told.at(-1)).toBe("gone"));
    expect(told.filter((value) => value !== "gone")).toEqual(["1", "2"]);
  });

  test("watch() goes on when the agent comes back empty, with a lower index", async () => {
    const told = watchKey();
    for (let index = 0; index < 50; index += 1) await agent.put("kv/y", String(index));
    await agent.put("kv/x", "before");
    await eventually(() => expect(told.at(-1)).toBe("before"));
    await agent.kill();
    await eventually(() => expect(told.at(-1)).toBe("failed"));
    await agent.up();
    await eventually(() => expect(told.at(-1)).toBe("gone"), 10_000);
    await agent.put("kv/x", "after");
    await eventually(() => expect(told.at(-1)).toBe("after"));
  });

  test("follow() puts the table back into an agent that came back empty", async () => {
    const [a, b] = ["a", "b"].map((sidecar) => {
      return new ConsulStore(hurried(deps), { prefix: "sluice", sidecar });
    }) as [ConsulStore, ConsulStore];
    const heard: number[] = [];
    const followers = [a, b].map(async (store) =>
      store.follow(({ revision }) => void heard.push(revision), ending.signal),
    );
    following = Promise.all(followers);
    await a.save(tableOf(1), 0);
    await eventually(() => expect(heard).toEqual([1]));
    await agent.kill();
    await expect(a.save(tableOf(2), 1)).rejects.toMatchObject({ code: "store_unwritable" });
    await agent.up();
    await eventually(async () => expect(await agent.get("kv/sluice/table")).toBeDefined(), 15_000);
    // The other one may have begun its longest pause (5 s) just before the agent came back.
    await eventually(() => expect([a.problem, b.problem]).toEqual([undefined, undefined]), 15_000);
    await a.save(tableOf(2), 1);
    await eventually(() => expect(heard.at(-1)).toBe(2));
  });

  test("heartbeat() ends the queries of an agent that hangs; they recover with it", async () => {
    const told = watchKey();
    const beating = heartbeat(hurried(deps), ending.signal);
    await agent.put("kv/x", "before");
    await eventually(() => expect(told.at(-1)).toBe("before"));
    agent.freeze();
    await eventually(() => expect(told.at(-1)).toBe("failed"), 20_000);
    agent.thaw();
    await agent.put("kv/x", "after");
    await eventually(() => expect(told.at(-1)).toBe("after"), 10_000);
    ending.abort();
    await beating;
  });
});
