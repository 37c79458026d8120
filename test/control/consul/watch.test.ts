import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { errorText } from "../../../proxy/base/error-text.ts";
import type { ConsulAnswer } from "../../../control/consul/answer.ts";
import { parseKvAnswer } from "../../../control/consul/kv.ts";
import { nextIndex, watch } from "../../../control/consul/watch.ts";
import type { WatchTarget } from "../../../control/consul/watch.ts";
import { consulDeps, hurried } from "../../support/consul-deps.ts";
import type { TestDeps } from "../../support/consul-deps.ts";
import { eventually } from "../../support/eventually.ts";
import { FakeConsul } from "../../support/fake-consul.ts";

test("nextIndex() follows an index that grows or stays", () => {
  expect([nextIndex(0, 7), nextIndex(7, 7), nextIndex(7, 9)]).toEqual([7, 7, 9]);
});

test("nextIndex() starts anew when the index went back", () => {
  expect(nextIndex(900, 12)).toBe(0);
});

test("nextIndex() takes an index of 0 for 1, which blocks", () => {
  expect([nextIndex(0, 0), nextIndex(1, 0)]).toEqual([1, 1]);
});

describe("watch()", () => {
  let consul: FakeConsul;
  let deps: Omit<TestDeps, typeof Symbol.asyncDispose>;

  beforeEach(async () => {
    consul = await FakeConsul.start();
    const own = consulDeps({ address: consul.address });
    deps = hurried(own);
    onTestFinished(async () => {
      await own[Symbol.asyncDispose]();
      await consul[Symbol.asyncDispose]();
    });
  });

  /** Watches key `a`, and notes what it is told. */
  function watchKey(target: Partial<WatchTarget> = {}, failsFirst = false) {
    const end = new AbortController();
    const told: string[] = [];
    let fails = failsFirst;
    const listener = {
      onChange: ({ found, text }: ConsulAnswer) => {
        if (fails) {
          fails = false;
          throw new Error("not yet");
        }
        told.push(found ? (parseKvAnswer("read", text)[0]?.value ?? "") : "gone");
      },
      onFailure: (error: unknown) => told.push(`failed: ${errorText(error)}`),
    };
    const limit = { burst: 100, refillMs: 1 };
    const wanted = { action: "read key a", path: "kv/a", stale: false, limit, ...target };
    const over = watch(deps, wanted, listener, end.signal);
    onTestFinished(async () => {
      end.abort();
      await over;
    });
    return told;
  }

  test("tells what is, and each change of it", async () => {
    const told = watchKey();
    await eventually(() => expect(told).toEqual(["gone"]));
    consul.set("a", "1");
    await eventually(() => expect(told).toEqual(["gone", "1"]));
    consul.set("a", "2");
    await eventually(() => expect(told).toEqual(["gone", "1", "2"]));
  });

  test("does not tell of an index that moves alone", async () => {
    consul.set("a", "1");
    const told = watchKey();
    await eventually(() => expect(told).toEqual(["1"]));
    await eventually(() => expect(consul.asked).toHaveLength(2));
    consul.changed();
    await eventually(() => expect(consul.asked.length).toBeGreaterThan(2));
    expect(told).toEqual(["1"]);
  });

  test("goes on after a failure, and tells anew what is", async () => {
    consul.set("a", "1");
    const told = watchKey();
    await eventually(() => expect(told).toEqual(["1"]));
    consul.fault = { kind: "answer", status: 500, text: "No cluster leader" };
    consul.changed();
    await eventually(() => expect(told.at(-1)).toContain("No cluster leader"));
    consul.fault = undefined;
    await eventually(() => expect(told.at(-1)).toBe("1"));
  });

  test("takes what the listener throws for a failed answer, and reads again", async () => {
    consul.set("a", "1");
    const told = watchKey({}, true);
    await eventually(() => expect(told).toEqual(["failed: not yet", "1"]));
  });

  test("asks again and again where Consul cannot wait, by no turn of those that can", async () => {
    consul.set("a", "1");
    const told = watchKey({ everyMs: 20 });
    await eventually(() => expect(told).toEqual(["1"]));
    expect(deps.client.turns.watches).toBe(0);
    const before = { asked: consul.asked.length, nowMs: performance.now() };
    await eventually(() => expect(consul.asked.length).toBeGreaterThan(before.asked + 4));
    // Each pause is up to a tenth shorter.
    expect(performance.now() - before.nowMs).toBeGreaterThan(60);
    // No index moves: a query that waited would not hear of it.
    consul.keys.set("a", { value: "2", modifyIndex: 2, lockIndex: 0 });
    await eventually(() => expect(told).toEqual(["1", "2"]));
  });

  test("asks any server for a leader when an agent's stream knows of none", async () => {
    consul.set("a", "1");
    consul.streams = true;
    const told = watchKey({ stale: true });
    await eventually(() => expect(consul.asked).toHaveLength(2));
    consul.set("a", "2");
    await eventually(() => expect(told).toEqual(["1", "2"]));
    await eventually(() => expect(consul.asked).toHaveLength(4));
    const waits = "GET kv/a?stale= waits";
    expect(consul.asked).toEqual([waits, waits, "GET kv/a?stale=", waits]);
    // Without one the leader is asked as before, and the answer is poor.
    consul.leader = "";
    consul.changed();
    await eventually(() => expect(consul.asked.slice(4)).toContain("GET kv/a"));
    expect(told).toEqual(["1", "2"]);
  });

  test("asks any server first, and the leader when that one knows none", async () => {
    consul.set("a", "1");
    consul.leader = "";
    const told = watchKey({ stale: true });
    await eventually(() => expect(consul.asked).toContain("GET kv/a"));
    expect(told).toEqual(["1"]);
    expect(consul.asked[0]).toBe("GET kv/a?stale= waits");
  });
});
