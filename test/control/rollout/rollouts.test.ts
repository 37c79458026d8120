import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { StoreError } from "../../../control/base/errors.ts";
import type { RolloutRequest } from "../../../control/rollout/rollout-schema.ts";
import { MemoryDocuments } from "../../../control/store/memory-documents.ts";
import { ANY } from "../../support/started-services.ts";
import { armOf } from "../analysis/arms.ts";
import { eventually } from "../../support/eventually.ts";
import { ScriptedHttp } from "../../support/scripted-http.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { RolloutBed } from "./rollout-bed.ts";

const BY = { actor: "ann", reason: "a test" };
const ASKED = { ...BY, full: false };
const STEPS: RolloutRequest = { service: "web", to: "v2", steps: [10, 50], stepFor: 5_000 };
const BEFORE = { v1: 100, v2: 0 };
const AT_TENTH = { v1: 9_000, v2: 1_000 };

test("Rollouts go through their steps, and the audit log names them", async () => {
  const bed = await RolloutBed.start();
  const { id } = await bed.rollouts.begin(STEPS, BY);
  await bed.pass(1);
  expect(bed.weights()).toEqual(AT_TENTH);
  await bed.pass(6);
  expect(bed.weights()).toEqual({ v1: 5_000, v2: 5_000 });
  await bed.pass(6);
  expect(bed.weights()).toEqual({ v1: 0, v2: 100 });
  expect(bed.rollouts.get(id)).toMatchObject({ phase: "successful", settled: true });
  const entries = await bed.audit.list({ limit: 10 });
  expect(entries.map(({ actor, action }) => `${actor} ${action}`)).toEqual([
    "ann rollout",
    ...Array.from({ length: 3 }, () => `rollout ${id} shift`),
  ]);
  const told = bed.told.filter(({ kind }) => kind === "rollout");
  expect(told.map(({ phase, share }) => `${String(phase)} ${String(share)}`)).toEqual([
    "progressing 0",
    "progressing 0.1",
    "progressing 0.1",
    "progressing 0.5",
    "progressing 0.5",
    "successful 1",
  ]);
});

test("Rollouts by evidence watch stable first, and abort a bad canary within seconds", async () => {
  const bed = await RolloutBed.start();
  bed.counts = { stable: armOf(200), canary: armOf(0) };
  const { id } = await bed.rollouts.begin({ service: "web", to: "v2" }, BY);
  await bed.pass(9);
  expect([bed.weights(), bed.rollouts.live(id)?.why.rule]).toEqual([BEFORE, "watching"]);
  bed.counts = { stable: armOf(190), canary: armOf(10, 10) };
  await bed.pass(1);
  expect(bed.rollouts.get(id).step.share).toBeGreaterThan(0);
  await bed.pass(3);
  expect(bed.rollouts.get(id)).toMatchObject({ phase: "aborted", why: { rule: "evidence" } });
  expect(bed.weights()).toEqual(BEFORE);
});

describe("Rollouts outlive", () => {
  test("a process that dies between storing a step and writing the table", async () => {
    const bed = await RolloutBed.start();
    const { id } = await bed.rollouts.begin(STEPS, BY);
    bed.tableStore.fails = new StoreError("store_unwritable", "The disk is full");
    await bed.pass(1);
    expect([bed.weights(), bed.rollouts.get(id).step.share]).toEqual([BEFORE, 0.1]);
    expect(bed.rollouts.live(id)?.why.rule).toBe("not-written");
    await bed.restart();
    await bed.pass(1);
    expect(bed.weights()).toEqual(AT_TENTH);
    expect(bed.rollouts.get(id)).toMatchObject({ phase: "progressing", settled: true });
  });

  test.each([
    ["goes on with the evidence that was noted", false],
    ["begins it anew where nothing was, and says so", true],
  ])("a restart at a weight: it goes no step back, and %s", async (_what, forgets) => {
    const bed = await RolloutBed.start();
    const wish = { service: "web", to: "v2", soak: 600_000 } as const;
    const { id } = await bed.rollouts.begin(wish, BY);
    await bed.pass(60);
    const { share } = bed.rollouts.get(id).step;
    const before = bed.rollouts.live(id)?.verdict?.excessRateMax ?? 0;
    expect([share > 0.002, before < 0.5]).toEqual([true, true]);
    bed.forgets = forgets;
    bed.evidence = new MemoryDocuments();
    await bed.restart();
    await bed.pass(2);
    expect(bed.rollouts.get(id).step.share).toBe(share);
    const { verdict, anewMs } = bed.rollouts.live(id) ?? {};
    expect(verdict?.against).toBeLessThan(2);
    expect((verdict?.excessRateMax ?? 0) > before).toBe(forgets);
    expect(anewMs === undefined).toBe(!forgets);
    expect(bed.logged.includes("rollout.evidence-anew")).toBe(forgets);
    const told = bed.told.filter((each) => each["rule"] === "evidence-anew");
    expect(told).toHaveLength(forgets ? 1 : 0);
    const line = expect.stringMatching(/^The evidence is that from \S+ on/);
    if (forgets) expect(bed.rollouts.explain(id)).toContainEqual(line);
  });

  test("counts that are missing: they hold, and an abort works", async () => {
    const bed = await RolloutBed.start();
    const { id } = await bed.rollouts.begin(STEPS, BY);
    await bed.pass(1);
    bed.counts = "worker 7 is silent";
    await bed.pass(20);
    expect(bed.weights()).toEqual(AT_TENTH);
    await bed.rollouts.act(id, "abort", ASKED);
    expect(bed.weights()).toEqual(BEFORE);
  });
});

test("An abort needs no store: it is stored when that can be written again", async () => {
  const bed = await RolloutBed.start();
  const { id } = await bed.rollouts.begin(STEPS, BY);
  await bed.pass(1);
  bed.documents.isAway = true;
  await expect(bed.rollouts.act(id, "pause", ASKED)).rejects.toThrow("The disk is full");
  const aborted = await bed.rollouts.act(id, "abort", ASKED);
  expect([aborted.phase, bed.weights()]).toEqual(["aborted", BEFORE]);
  bed.documents.isAway = false;
  await bed.pass(1);
  await bed.restart();
  expect(bed.rollouts.get(id)).toMatchObject({ phase: "aborted", settled: true });
});

test("An abort is in force when the table cannot be stored, and stored when it can", async () => {
  const bed = await RolloutBed.start();
  const { id } = await bed.rollouts.begin(STEPS, BY);
  await bed.pass(1);
  const { revision } = bed.services;
  const away = new StoreError("store_unwritable", "Consul is away");
  bed.tableStore.fails = away;
  bed.documents.isAway = true;
  const aborted = await bed.rollouts.act(id, "abort", ASKED);
  expect([aborted.phase, bed.weights()]).toEqual(["aborted", BEFORE]);
  expect([bed.services.isUnstored, bed.services.revision]).toEqual([true, revision]);
  bed.tableStore.fails = away;
  bed.documents.isAway = false;
  await bed.pass(1);
  expect(bed.services.isUnstored).toBe(true);
  await bed.pass(1);
  expect([bed.services.isUnstored, bed.services.revision]).toEqual([false, revision + 1]);
  expect(bed.rollouts.get(id)).toMatchObject({ phase: "aborted", settled: true });
  const stored = await bed.tableStore.load();
  expect(stored?.services["web"]).toEqual(bed.services.document("web"));
});

test("An abort ends what somebody did to the old version meanwhile", async () => {
  const bed = await RolloutBed.start();
  const { id } = await bed.rollouts.begin(
    { ...STEPS, strategy: "blueGreen", checksFor: 1_000 },
    BY,
  );
  await bed.pass(3);
  expect(bed.weights()).toEqual({ v1: 0, v2: 100 });
  await bed.services.setVersionState("web", "v1", "maint", ANY);
  await bed.rollouts.act(id, "abort", ASKED);
  const [v1] = bed.services.snapshot("web").versions;
  expect([bed.weights(), v1?.state]).toEqual([BEFORE, "ready"]);
});

test("An upgrade is waited for: meanwhile nothing is decided", async () => {
  const bed = await RolloutBed.start();
  const { id } = await bed.rollouts.begin(STEPS, BY);
  await bed.services.hold();
  await bed.pass(3);
  expect(bed.rollouts.get(id).step.number).toBe(0);
  await expect(bed.rollouts.act(id, "abort", ASKED)).rejects.toMatchObject({
    code: "handing_over",
  });
  bed.services.release();
  await bed.pass(1);
  expect(bed.weights()).toEqual(AT_TENTH);
});

describe("A rollout cannot begin", () => {
  test.each([
    [{ service: "none", to: "v2" }, "unknown_service"],
    [{ service: "web", to: "v9" }, "unknown_version"],
    [{ service: "web", to: "v1" }, "rollout_unfit"],
    [{ service: "web", to: "v2", from: "v2" }, "rollout_unfit"],
  ])("as %j asks: %s", async (request, code) => {
    const bed = await RolloutBed.start();
    await expect(bed.rollouts.begin(request, BY)).rejects.toMatchObject({ code });
  });

  test("twice, nor where the new version has traffic; but again after an abort", async () => {
    const bed = await RolloutBed.start();
    const { id } = await bed.rollouts.begin(STEPS, BY);
    await expect(bed.rollouts.begin(STEPS, BY)).rejects.toThrow(`found ${id}`);
    await expect(bed.rollouts.retry(id, BY)).rejects.toMatchObject({ code: "rollout_phase" });
    await bed.rollouts.act(id, "abort", ASKED);
    await bed.pass(1);
    const again = await bed.rollouts.retry(id, BY);
    expect(again.spec).toEqual(bed.rollouts.get(id).spec);
    expect(bed.rollouts.list().map((each) => each.id)).toEqual([again.id, id]);
    await bed.services.shift("shop", { v2: "20%" }, ANY);
    const shop = { service: "shop", to: "v2" };
    await expect(bed.rollouts.begin(shop, BY)).rejects.toThrow("wanted weight 0 of v2, found 20");
  });
});

test("A sidecar that does not lead decides nothing by itself, but does as asked", async () => {
  const bed = await RolloutBed.start();
  bed.leads = false;
  const { id } = await bed.rollouts.begin(STEPS, BY);
  await bed.pass(5);
  expect([bed.rollouts.get(id).step.share, bed.rollouts.live(id)]).toEqual([0, undefined]);
  await bed.rollouts.act(id, "promote", { ...ASKED, full: true });
  expect(bed.weights()).toEqual({ v1: 0, v2: 100 });
});

describe("A rollout by a header route", () => {
  const match = { cookies: { beta: "1" } };
  const steps = [{ setHeaderRoute: match }, { pause: {} }, 50];
  const routes = (bed: RolloutBed): unknown => bed.services.document("web").routes;

  test("writes it before others, and leaves nothing when it has been undone", async () => {
    const bed = await RolloutBed.start();
    const { id } = await bed.rollouts.begin({ service: "web", to: "v2", steps }, BY);
    await bed.pass(2);
    expect(routes(bed)).toEqual([{ match, to: "v2", rollout: id }]);
    const [route] = bed.services.snapshot("web").routes;
    expect([route?.to, bed.weights()]).toEqual(["v2", BEFORE]);
    await bed.restart();
    await bed.pass(1);
    expect(bed.rollouts.get(id)).toMatchObject({ phase: "paused", why: { rule: "gate" } });
    await bed.rollouts.act(id, "promote", { ...ASKED, full: true });
    expect([bed.weights(), routes(bed)]).toEqual([{ v1: 0, v2: 100 }, undefined]);
    await bed.rollouts.act(id, "undo", ASKED);
    expect(bed.services.document("web").versions).toMatchObject({ v1: { weight: 100 } });
  });

  test("loses it by an abort, also when somebody has taken the service over", async () => {
    const bed = await RolloutBed.start();
    const { id } = await bed.rollouts.begin({ service: "web", to: "v2", steps }, BY);
    await bed.pass(2);
    await bed.services.shift("web", { v1: 50, v2: 50 }, { ...ANY, takeOver: true });
    expect(routes(bed)).toBeDefined();
    await bed.rollouts.act(id, "abort", ASKED);
    expect([bed.weights(), routes(bed)]).toEqual([BEFORE, undefined]);
  });

  test("is for requests only", async () => {
    const bed = await RolloutBed.start();
    const { versions } = bed.services.document("web");
    await bed.services.put("web", { kind: "tcp", versions }, ANY);
    const begun = bed.rollouts.begin({ service: "web", to: "v2", steps }, BY);
    await expect(begun).rejects.toThrow("found kind tcp");
  });
});

test("A rolling rollout drains real endpoints, and gives them back with an abort", async () => {
  const bed = await RolloutBed.start();
  const endpoints = ["10.0.0.1:80", "10.0.0.2:80", "10.0.0.3:80"];
  const versions = {
    v1: { weight: 100, endpoints },
    v2: { weight: 0, endpoints: ["10.0.0.6:3000"] },
  };
  await bed.services.put("web", { versions }, ANY);
  const { id } = await bed.rollouts.begin({ service: "web", to: "v2", strategy: "rolling" }, BY);
  await bed.pass(11);
  const states = (): unknown => bed.services.document("web").versions["v1"]?.endpointStates;
  expect([states(), bed.weights()]).toEqual([{ "10.0.0.1:80": "drain" }, { v1: 6_667, v2: 3_333 }]);
  await bed.restart();
  await bed.pass(21);
  expect(states()).toEqual({ "10.0.0.1:80": "drain", "10.0.0.2:80": "drain" });
  expect(bed.rollouts.live(id)?.why.text).toBe("1 of 2 new endpoints can take requests");
  await bed.rollouts.act(id, "abort", ASKED);
  expect(bed.services.document("web").versions).toEqual(versions);
});

describe("A rollout that asks others", () => {
  const hooks = { beforeStep: ["ci"] };

  test("is refused where the file does not name them", async () => {
    const bed = await RolloutBed.start();
    const metrics = [{ name: "orders", min: 1 }];
    for (const wish of [{ hooks }, { metrics }]) {
      const begun = bed.rollouts.begin({ ...STEPS, ...wish }, BY);
      await expect(begun).rejects.toMatchObject({ code: "rollout_unfit" });
    }
  });

  test("waits for its hook at each step, and goes on", async () => {
    const ci = await ScriptedHttp.start();
    const secretFile = join(await temporaryFolder(), "key");
    await writeFile(secretFile, "a-secret\n", { mode: 0o600 });
    const hook = { url: ci.url, secretFile, timeout: 5_000, retries: 0 };
    const bed = await RolloutBed.start({ hooks: { ci: hook }, metrics: {} });
    ci.answers = [
      [200, ""],
      [409, "not on a Friday"],
    ];
    const { id } = await bed.rollouts.begin({ ...STEPS, hooks }, BY);
    await eventually(async () => {
      await bed.pass(1);
      expect(bed.rollouts.get(id).phase).toBe("paused");
    });
    expect([bed.weights(), ci.asked.length]).toEqual([AT_TENTH, 2]);
    expect(bed.rollouts.get(id).why).toEqual({
      rule: "hook",
      text: "ci: answered 409 not on a Friday",
    });
  });
});

test("A rollout between versions that cannot read each other has to be forced", async () => {
  const bed = await RolloutBed.start();
  const [v1, v2] = [
    { reads: [1], writes: 1 },
    { reads: [1, 2], writes: 2 },
  ];
  const versions = {
    v1: { weight: 100, endpoints: ["10.0.0.5:3000"], compat: v1 },
    v2: { weight: 0, endpoints: ["10.0.0.6:3000"], compat: v2 },
  };
  await bed.services.put("web", { versions }, ANY);
  await expect(bed.rollouts.begin(STEPS, BY)).rejects.toMatchObject({ code: "incompatible" });
  const { id } = await bed.rollouts.begin({ ...STEPS, force: true }, BY);
  await bed.pass(1);
  expect(bed.weights()).toEqual(AT_TENTH);
  await bed.rollouts.act(id, "abort", ASKED);
  expect(bed.weights()).toEqual(BEFORE);
  const again = bed.rollouts.retry(id, { ...BY, reason: undefined });
  await expect(again).rejects.toThrow("wanted a reason, as it was forced, found none");
  expect((await bed.rollouts.retry(id, BY)).spec.forced).toBe(true);
});

test("Rollouts undo nothing whose old version is gone, and stay as they are", async () => {
  const bed = await RolloutBed.start();
  const { id } = await bed.rollouts.begin(STEPS, BY);
  await bed.rollouts.act(id, "promote", { ...BY, full: true });
  await bed.services.put("web", { versions: { v2: { weight: 100, endpoints: ["a:1"] } } }, ANY);
  await expect(bed.rollouts.act(id, "undo", ASKED)).rejects.toThrow(
    "wanted version v1 of web, found none: make it again, or shift to another one",
  );
  expect(bed.rollouts.get(id)).toMatchObject({ phase: "successful", settled: true });
});

test("Rollouts name the one that is under way, or the freeze, to who begins another", async () => {
  const bed = await RolloutBed.start();
  const { id } = await bed.rollouts.begin(STEPS, BY);
  await expect(bed.rollouts.begin(STEPS, BY)).rejects.toThrow(
    `wanted no other one of it, found ${id}, which is progressing: promote or abort it first`,
  );
  await bed.rollouts.freeze("web", bed.clock.wallMs() + 60_000, BY);
  await expect(bed.rollouts.begin(STEPS, BY)).rejects.toThrow("it is frozen until");
});
