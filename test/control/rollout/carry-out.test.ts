import { expect, test } from "vitest";
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
