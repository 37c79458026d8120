import { expect, test } from "vitest";
import { decodeRollouts, encodeRollouts } from "../../../control/rollout/rollout-document.ts";
import { ANY } from "../../support/started-services.ts";
import { RolloutBed } from "./rollout-bed.ts";

const BY = { actor: "ann", reason: undefined };
const STEPS = { service: "web", to: "v2", steps: [10, 50], stepFor: 60_000 };

test("carryOut() writes at the revision that it saw, and overwrites nobody else", async () => {
  const bed = await RolloutBed.start();
  const { id } = await bed.rollouts.begin(STEPS, BY);
  // Another sidecar writes, and this one has not heard of it yet.
  await bed.tableStore.saveByOther({ web: bed.services.document("shop") });
  await bed.pass(1);
  expect(bed.rollouts.get(id)).toMatchObject({ settled: true, step: { share: 0.1 } });
  expect(bed.services.names()).toEqual(["web"]);
});

test("saveUnsaved() overrules who has led an aborted rollout on without knowing", async () => {
  const bed = await RolloutBed.start();
  const { id } = await bed.rollouts.begin(STEPS, BY);
  await bed.pass(1);
  const others = [...(await bed.documents.all())];
  bed.documents.isAway = true;
  await bed.rollouts.act(id, "abort", { ...BY, full: false });
  bed.documents.isAway = false;
  for (const [name, { text, mark }] of others) await bed.documents.save(name, text, mark);
  await bed.pass(2);
  expect(bed.rollouts.get(id)).toMatchObject({ phase: "aborted", settled: true });
  expect(bed.weights()).toEqual({ v1: 100, v2: 0 });
  await bed.services.shift("web", { v2: "20%" }, ANY);
});

test("An abort overtakes a step that is under way, and is what stays", async () => {
  const bed = await RolloutBed.start();
  const { id } = await bed.rollouts.begin(STEPS, BY);
  const gate = Promise.withResolvers<void>();
  bed.gate = gate.promise;
  await bed.pass(1);
  expect(bed.rollouts.get(id)).toMatchObject({ settled: false, step: { share: 0.1 } });
  const aborting = bed.rollouts.act(id, "abort", { ...BY, full: false });
  gate.resolve();
  expect(await aborting).toMatchObject({ phase: "aborted" });
  await bed.pass(2);
  expect(bed.rollouts.get(id)).toMatchObject({ phase: "aborted", settled: true });
  expect(bed.weights()).toEqual({ v1: 100, v2: 0 });
});

test("A step that is written after another sidecar's abort is taken back", async () => {
  const bed = await RolloutBed.start();
  const { id } = await bed.rollouts.begin(STEPS, BY);
  const kept = (await bed.documents.all()).get("web");
  const { latest } = decodeRollouts(kept?.text ?? "", "web");
  const why = { rule: "abort-asked", text: "by ben" };
  // It finds the table as it was, and so it writes nothing there.
  const aborted = { ...latest, phase: "aborted" as const, settled: true, why };
  const gate = Promise.withResolvers<void>();
  bed.gate = gate.promise;
  await bed.pass(1);
  const { mark } = (await bed.documents.all()).get("web") ?? {};
  await bed.documents.save("web", encodeRollouts({ latest: aborted, past: [] }), mark);
  gate.resolve();
  await bed.pass(2);
  expect(bed.rollouts.get(id)).toMatchObject({ phase: "aborted", settled: true });
  expect(bed.weights()).toEqual({ v1: 100, v2: 0 });
});
