import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { ConsulStore } from "../../control/registry/consul-store.ts";
import { newSigningKey } from "../../control/registry/signing-key.ts";
import type { Trust } from "../../control/registry/table-seal.ts";
import type { StoredTable } from "../../control/store/store.ts";
import { consulForTests } from "../support/consul-binary.ts";
import { consulDeps, hurried } from "../support/consul-deps.ts";
import { TestAgent } from "../support/consul.ts";
import { eventually } from "../support/eventually.ts";
import { startSidecar } from "../support/sidecar.ts";
import type { TestSidecar } from "../support/sidecar.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { VersionOrigin } from "../support/version-origin.ts";

/*
 * Goal: whoever may write into Consul's KV cannot move traffic of a fleet that trusts signatures.
 * Method: whole sidecars over a real agent, one that signs and one that only follows, and a hand
 * in KV that puts there what it likes.
 */

const binary = (await consulForTests()) ?? "";
const ours = newSigningKey();
const theirs = newSigningKey();

describe.skipIf(binary === "")("signed tables in Consul", { timeout: 60_000 }, () => {
  let agent: TestAgent;
  let origin: VersionOrigin;
  let prefix = "";

  beforeAll(async () => {
    agent = await TestAgent.start(binary);
    origin = await VersionOrigin.start("v1");
  });
  beforeEach(() => {
    prefix = `sluice-${Math.random()}`;
  });
  afterAll(async () => {
    origin[Symbol.dispose]();
    await agent[Symbol.asyncDispose]();
  });

  async function start(sidecar: string, store: object, consul: object = {}): Promise<TestSidecar> {
    const v1 = { weight: 1, endpoints: [origin.address] };
    const started = await startSidecar({
      store: { kind: "consul", prefix, ...store },
      consul: { address: agent.address, sidecar, ...consul },
      services: { web: { hosts: ["localhost"], versions: { v1 } } },
    });
    onTestFinished(started.stop);
    return started;
  }

  async function keyFile(): Promise<string> {
    const path = join(await temporaryFolder(), "table.key");
    await writeFile(path, ours.pem, { mode: 0o600 });
    return path;
  }

  async function valueOf(key = `${prefix}/table`): Promise<string> {
    const [entry] = (await agent.get(`kv/${key}`)) as [{ readonly Value: string }];
    return Buffer.from(entry.Value, "base64").toString();
  }

  const forge = (value: string): Promise<unknown> => agent.put(`kv/${prefix}/table`, value);

  async function shift(sidecar: TestSidecar, v1: number): Promise<readonly [number, unknown]> {
    const answer = await sidecar.call("PATCH", "/v1/services/web/weights", { v1 });
    const body = (await answer.json()) as Record<string, unknown>;
    return [answer.status, body["code"] ?? body["revision"]];
  }

  async function inForce(sidecar: TestSidecar): Promise<string> {
    const answer = await sidecar.call("GET", "/v1/services/web");
    const { revision, weights } = (await answer.json()) as {
      readonly revision: number;
      readonly weights: { readonly v1: number };
    };
    return `${revision}: ${weights.v1}`;
  }

  async function stale(sidecar: TestSidecar): Promise<string> {
    const answer = await sidecar.call("GET", "/readyz");
    expect(answer.status).toBe(200);
    return ((await answer.json()) as { readonly stale: readonly string[] }).stale.join("; ");
  }

  test("a table that is forged in any way is followed by nobody, and said", async () => {
    const trust = [ours.publicKey];
    const signingKey = await keyFile();
    // The follower comes first, and serves what its file says.
    const follower = await start("follower", { trust });
    expect(await stale(follower)).toContain("Consul holds no table yet");
    expect(await inForce(follower)).toBe("1: 1");
    expect(await shift(follower, 2)).toEqual([409, "no_signing_key"]);
    const signer = await start("signer", { trust, signingKey });
    expect(await shift(signer, 2)).toEqual([200, 2]);
    const old = await valueOf();
    expect(await shift(signer, 3)).toEqual([200, 3]);
    const good = await valueOf();
    await eventually(async () => expect(await inForce(follower)).toBe("3: 3"));
    expect(await stale(follower)).toBe("");

    // The same key signs another fleet's table.
    const other = consulDeps({ address: agent.address });
    const place = { prefix: `${prefix}-other`, sidecar: "x", trust: { trust, signingKey: ours } };
    const services = JSON.parse(good.slice(good.indexOf("\n")))["services"] as object;
    const moved = { revision: 9, services } as StoredTable;
    await new ConsulStore(other, place).save(moved, 0);
    await other[Symbol.asyncDispose]();

    const cases = [
      ["unsigned", good.slice(good.indexOf("\n") + 1).replace('"weight": 3', '"weight": 9')],
      ["forged", good.replace('"weight": 3', '"weight": 9')],
      ["forged", await valueOf(`${prefix}-other/table`)],
      ["untrusted", good.replace(ours.publicKey, theirs.publicKey)],
      ["rolled_back", old],
    ] as const;
    for (const [kind, value] of cases) {
      await forge(value);
      for (const sidecar of [signer, follower]) {
        await eventually(async () => {
          expect(await stale(sidecar)).toContain("table: Cannot use the table in Consul");
          expect(sidecar.log.findLast(({ event }) => event === "store.refused")).toMatchObject({
            level: "error",
            kind,
          });
        });
        expect(await inForce(sidecar)).toBe("3: 3");
      }
      // Either of them can put it back.
      const healer = kind === "rolled_back" ? follower : signer;
      const healed = await healer.call("POST", "/v1/store/rewrite");
      expect(await healed.json()).toEqual({ revision: 3, signed: true });
      await eventually(async () => expect(await stale(follower)).toBe(""));
    }
    const metrics = await (await follower.call("GET", "/metrics")).text();
    expect(metrics).toContain('sluice_table_refused_total{reason="forged"} 2');
    expect(metrics).toContain('sluice_table_refused_total{reason="unsigned"} 1');
    expect(metrics).toContain('sluice_table_refused_total{reason="unreadable"} 0');
    const replay = { "last-event-id": "0" };
    const events = await follower.call("GET", "/v1/events?follow=false", undefined, replay);
    expect(await events.text()).toContain("it is not signed");
    expect((await fetch(`http://localhost:${follower.ports[0]}/`)).status).toBe(200);
    expect(await shift(signer, 4)).toEqual([200, 4]);
    await eventually(async () => expect(await inForce(follower)).toBe("4: 4"));
  });

  test("a process that takes another's place takes no older table either", async () => {
    const store = { trust: [ours.publicKey], signingKey: await keyFile() };
    const first = await start("a", store, { copies: false });
    expect(await shift(first, 2)).toEqual([200, 2]);
    const old = await valueOf();
    expect(await shift(first, 3)).toEqual([200, 3]);
    await forge(old);
    await eventually(async () => expect(await stale(first)).toContain("has had 3"));
    const upgraded = await first.call("POST", "/v1/upgrade", {});
    expect(upgraded.status).toBe(200);
    const { pid } = (await upgraded.json()) as { readonly pid: number };
    onTestFinished(() => void process.kill(pid, "SIGKILL"));
    await eventually(async () => {
      expect([await inForce(first), await stale(first)]).toEqual([
        "3: 3",
        expect.stringContaining("has had 3"),
      ]);
    });
  });

  test("a start without a copy says that there was a later table than it finds", async () => {
    const store = { trust: [ours.publicKey], signingKey: await keyFile() };
    const first = await start("a", store);
    expect(await shift(first, 2)).toEqual([200, 2]);
    const old = await valueOf();
    expect(await shift(first, 3)).toEqual([200, 3]);
    await eventually(async () => expect(await valueOf(`${prefix}/audit/a`)).toContain(':3,"time"'));
    first.child.kill("SIGTERM");
    expect(await first.ended).toBe(0);
    await forge(old);
    const second = await start("b", { ...store, signingKey: undefined });
    expect(await inForce(second)).toBe("2: 2");
    await eventually(async () => {
      const wanted = `it has revision 2, but ${prefix}/audit/a says that there was 3`;
      expect(await stale(second)).toContain(wanted);
    });
    expect(second.log.map(({ event }) => event)).toContain("store.older");
  });

  test("keys rotate while both write, and followers miss no table", async () => {
    const deps = hurried(consulDeps({ address: agent.address }));
    const open = (sidecar: string, trust: Trust): ConsulStore =>
      new ConsulStore(deps, { prefix, sidecar, trust });
    const both = [ours.publicKey, theirs.publicKey];
    const writers = [
      open("old", { trust: both, signingKey: ours }),
      open("new", { trust: both, signingKey: theirs }),
    ];
    const follower = open("follower", { trust: both, signingKey: undefined });
    const heard: number[] = [];
    const ending = new AbortController();
    const following = follower.follow(({ revision }) => heard.push(revision), ending.signal);
    for (let revision = 1; revision <= 6; revision += 1) {
      const writer = writers[revision % 2] as ConsulStore;
      await writer.load();
      await writer.save({ revision, services: {} }, revision - 1);
      await eventually(() => expect(heard.at(-1)).toBe(revision));
    }
    expect(heard).toEqual([1, 2, 3, 4, 5, 6]);
    ending.abort();
    await following;
    // The last was signed by the old key, so whoever has forgotten it wants it signed again.
    const late = open("late", { trust: [theirs.publicKey], signingKey: undefined });
    await expect(late.load()).rejects.toMatchObject({ code: "store_untrusted" });
    await writers[1]?.load();
    await writers[1]?.rewrite(true);
    expect(await late.load()).toEqual({ revision: 6, services: {} });
  });
});
