import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import type { RolloutView } from "../../control/rollout/rollout-view.ts";
import { getKey, putKey } from "../../control/consul/kv.ts";
import { ConsulDocuments } from "../../control/registry/consul-documents.ts";
import { newSigningKey } from "../../control/registry/signing-key.ts";
import type { Trust } from "../../control/registry/table-seal.ts";
import { consulForTests } from "../support/consul-binary.ts";
import { consulDeps } from "../support/consul-deps.ts";
import { TestAgent } from "../support/consul.ts";
import { eventually } from "../support/eventually.ts";
import { LiveLoad } from "../support/live-load.ts";
import { startSidecar } from "../support/sidecar.ts";
import type { TestSidecar } from "../support/sidecar.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { VersionOrigin } from "../support/version-origin.ts";

/*
 * Goal: sidecars that share a table share its rollouts: one leads, all can stop it, and another one
 * goes on when it is gone. Method: whole sidecars under load, and a real agent.
 */

const binary = (await consulForTests()) ?? "";

/** Everybody is trusted. */
const OPEN: Trust = { trust: [], signingKey: undefined };

describe.skipIf(binary === "")("rollouts of a fleet", { timeout: 90_000 }, () => {
  let agent: TestAgent;
  let origins: readonly VersionOrigin[];

  beforeAll(async () => {
    agent = await TestAgent.start(binary);
    origins = await Promise.all(["v1", "v2"].map((name) => VersionOrigin.start(name)));
  });
  afterAll(async () => {
    for (const origin of origins) origin[Symbol.dispose]();
    await agent[Symbol.asyncDispose]();
  });

  async function start(sidecar: string): Promise<TestSidecar> {
    const [v1, v2] = origins.map(({ address }) => ({ endpoints: [address] }));
    const versions = { v1: { ...v1, weight: 100 }, v2: { ...v2, weight: 0 } };
    const started = await startSidecar({
      store: { kind: "consul", prefix: "sluice" },
      consul: { address: agent.address, sidecar, copies: false },
      services: { web: { hosts: ["web.test"], versions } },
    });
    const load = await LiveLoad.start({
      port: started.ports[0] ?? 0,
      host: "web.test",
      busy: 4,
      pauseMs: 20,
      churnPerSecond: 0,
      idle: 0,
      webSockets: 0,
      messageEveryMs: 1_000,
    });
    onTestFinished(async () => {
      await load[Symbol.asyncDispose]();
      await started.stop();
    });
    return started;
  }

  async function rollout({ call }: TestSidecar): Promise<RolloutView> {
    return (await (await call("GET", "/v1/rollouts/web")).json()) as RolloutView;
  }

  /** Waits until both tell the same of it, and one of them leads it; that one comes first. */
  async function ledAt(share: number, both: readonly TestSidecar[]): Promise<TestSidecar[]> {
    let order: TestSidecar[] = [];
    await eventually(async () => {
      const views = await Promise.all(both.map(rollout));
      for (const view of views)
        expect(view).toMatchObject({ share, settled: true, phase: "paused" });
      expect(views.filter(({ now }) => now !== undefined)).toHaveLength(1);
      const leads = (each: TestSidecar): boolean => views[both.indexOf(each)]?.now !== undefined;
      order = both.toSorted((one, other) => Number(leads(other)) - Number(leads(one)));
    }, 40_000);
    return order;
  }

  async function begin({ call }: TestSidecar): Promise<void> {
    const body = { service: "web", to: "v2", steps: [{ setWeight: 10 }, { pause: {} }] };
    expect((await call("POST", "/v1/rollouts", body)).status).toBe(201);
  }

  async function weights({ call }: TestSidecar): Promise<readonly unknown[]> {
    const answer = await call("GET", "/v1/services/web");
    const { document } = (await answer.json()) as { document: { versions: object } };
    return Object.values(document.versions).map(({ weight }: { weight: unknown }) => weight);
  }

  test("are led by one, stopped through any, and go on without who has led them", async () => {
    const both = [await start("a"), await start("b")];
    const [a, b] = both as [TestSidecar, TestSidecar];
    await begin(b);
    const [, follower] = (await ledAt(0.1, both)) as [TestSidecar, TestSidecar];
    expect(await weights(follower)).toEqual([9_000, 1_000]);
    // Whoever leads counts what has come to both.
    await eventually(async () => {
      expect((await Promise.all(both.map(rollout))).map(({ seen }) => seen)).toContain("2 of 2");
    });
    const refused = await a.call("PATCH", "/v1/services/web/weights", { v2: "50%" });
    expect(await refused.json()).toMatchObject({ code: "rollout_owns" });
    expect((await follower.call("POST", "/v1/rollouts/web/abort")).status).toBe(200);
    await eventually(async () => {
      for (const each of both) {
        expect(await weights(each)).toEqual([100, 0]);
        expect(await rollout(each)).toMatchObject({ phase: "aborted", settled: true });
      }
    }, 10_000);

    await begin(a);
    const [leader, next] = (await ledAt(0.1, both)) as [TestSidecar, TestSidecar];
    const { history } = await rollout(next);
    leader.child.kill("SIGTERM");
    expect(await leader.ended).toBe(0);
    await ledAt(0.1, [next]);
    expect((await rollout(next)).history).toEqual(history);
    // What the first one has seen was kept by it as it ended.
    await eventually(async () => {
      const explained = await next.call("GET", "/v1/rollouts/web/explain");
      const goesOn = /is that of whoever led it before; it goes on from there/;
      expect(await explained.text()).toMatch(goesOn);
    });
    expect(next.log.map(({ event }) => event)).not.toContain("rollout.evidence-anew");
    expect((await next.call("POST", "/v1/rollouts/web/promote")).status).toBe(200);
    await eventually(async () => expect(await weights(next)).toEqual([0, 100]), 10_000);

    agent.freeze();
    onTestFinished(() => agent.thaw());
    // Stopping takes a moment on a busy machine.
    const isSilent = (): Promise<boolean> => {
      const answered = agent.get("status/leader").then(() => false);
      return Promise.race([answered, sleep(300).then(() => true)]);
    };
    await eventually(async () => expect(await isSilent()).toBe(true));
    expect((await next.call("POST", "/v1/rollouts/web/undo")).status).toBe(200);
    expect(await weights(next)).toEqual([100, 0]);
    const { requests } = origins[1] as VersionOrigin;
    agent.thaw();
    await eventually(async () => {
      expect(await rollout(next)).toMatchObject({ phase: "aborted", settled: true });
      expect(await agent.get("kv/sluice/table?raw")).toMatchObject({
        services: { web: { versions: { v1: { weight: 100 }, v2: { weight: 0 } } } },
      });
    }, 40_000);
    expect(await weights(next)).toEqual([100, 0]);
    expect(next.log.map(({ event }) => event)).toContain("table.unstored");
    // Those that were under way when the weights changed.
    expect((origins[1] as VersionOrigin).requests - requests).toBeLessThan(20);
  });

  test("are written by one at a time, and each other sidecar hears of it", async () => {
    await using deps = consulDeps({ address: agent.address });
    const end = new AbortController();
    const [one, other] = [
      new ConsulDocuments(deps, "docs/rollouts/", OPEN),
      new ConsulDocuments(deps, "docs/rollouts/", OPEN),
    ];
    const heard: string[] = [];
    const following = other.follow((all) => {
      heard.push([...all].map(([name, { text }]) => `${name}=${text}`).join());
    }, end.signal);
    const mark = await one.save("web", "first", undefined);
    expect(await other.save("web", "late", undefined)).toBeUndefined();
    expect(await other.save("web", "second", mark)).toBeDefined();
    expect(await one.save("web", "late", mark)).toBeUndefined();
    await eventually(() => expect(heard.at(-1)).toBe("web=second"), 10_000);
    expect([...(await one.all())].map(([name, { text }]) => [name, text])).toEqual([
      ["web", "second"],
    ]);
    end.abort();
    await following;
  });

  test("are followed only as a trusted key has signed them, where tables are signed", async () => {
    await using deps = consulDeps({ address: agent.address });
    const [ours, theirs] = [newSigningKey(), newSigningKey()];
    const documentsOf = (signingKey: Trust["signingKey"]): ConsulDocuments =>
      new ConsulDocuments(deps, "signed/rollouts/", { trust: [ours.publicKey], signingKey });
    const texts = async (): Promise<readonly string[]> =>
      [...(await documentsOf(undefined).all()).values()].map(({ text }) => text);
    await documentsOf(ours).save("web", "ours", undefined);
    await documentsOf(theirs).save("shop", "theirs", undefined);
    await new ConsulDocuments(deps, "signed/rollouts/", OPEN).save("api", "unsigned", undefined);
    expect(await texts()).toEqual(["ours"]);
    expect(deps.lines.filter((line) => line.includes("rollouts.refused"))).toHaveLength(2);
    const moved = String(await agent.get("kv/signed/rollouts/web?raw").catch(() => ""));
    await agent.put("kv/signed/rollouts/moved", moved);
    expect(await texts()).toEqual(["ours"]);
    const silent = documentsOf(undefined).save("web", "mine", undefined);
    await expect(silent).rejects.toMatchObject({ code: "no_signing_key" });
  });

  test("are not followed when somebody puts an older one back, also after a restart", async () => {
    await using deps = consulDeps({ address: agent.address });
    const signingKey = newSigningKey();
    const path = join(await temporaryFolder(), "seen.json");
    const trust = { trust: [signingKey.publicKey], signingKey };
    const documentsOf = (): ConsulDocuments =>
      new ConsulDocuments(deps, "again/rollouts/", trust, path);
    const running = documentsOf();
    const textOf = async (documents: ConsulDocuments): Promise<string | undefined> =>
      (await documents.all()).get("web")?.text;
    const mark = await running.save("web", "first", undefined);
    const old = await getKey(deps.client, "again/rollouts/web");
    expect(await running.save("web", "second", mark)).toBeDefined();
    await putKey(deps.client, "again/rollouts/web", old?.value ?? "", {});
    expect(await textOf(running)).toBe("second");
    await eventually(async () => expect(await readFile(path, "utf8")).toBe('{"web":2}'));
    expect(await textOf(documentsOf())).toBeUndefined();
    // The next writing of who has had the latest takes the old one's place.
    const now = (await running.all()).get("web");
    expect(await running.save("web", "third", now?.mark)).toBeDefined();
    expect(await textOf(documentsOf())).toBe("third");
    // Nobody can know who has seen neither.
    await putKey(deps.client, "again/rollouts/web", old?.value ?? "", {});
    expect(await textOf(new ConsulDocuments(deps, "again/rollouts/", trust))).toBe("first");
  });
});
