import { expect, test } from "vitest";
import { RevisionWitness } from "../../../control/registry/revision-witness.ts";
import { eventually } from "../../support/eventually.ts";
import { openConsulBed } from "../../support/fake-consul-bed.ts";

test("RevisionWitness tells who has had a later table, until ours is as late", async () => {
  const bed = await openConsulBed();
  bed.consul.set("sluice/audit/dead", '{"revision":12,"sequence":3}');
  bed.consul.set("sluice/fleet/live", '{"revision":11}', "session-9");
  bed.consul.set("sluice/fleet/odd", "nonsense", "session-8");
  bed.consul.set("sluice/fleet/far", '{"revision":9007199254740992}', "session-7");
  bed.consul.set("sluice/fleet/long", `{"revision":99,"x":"${"x".repeat(3_000)}"}`, "session-6");
  let current = 0;
  const witness = new RevisionWitness(bed.deps, "sluice", () => current);
  bed.consul.fault = { kind: "answer", status: 500, text: "No cluster leader" };
  const { done } = bed.run((signal) => witness.run(signal));
  await eventually(() => expect(bed.deps.lines.join()).toContain("store.no_witness"));
  bed.consul.fault = undefined;
  await done;
  expect(witness.problem).toBeUndefined();
  current = 9;
  expect(witness.problem).toContain(
    "it has revision 9, but sluice/audit/dead says that there was 12; `sluice rewrite`",
  );
  current = 12;
  expect(witness.problem).toBeUndefined();
});

test("RevisionWitness has nothing to tell where nobody says anything", async () => {
  const bed = await openConsulBed();
  const witness = new RevisionWitness(bed.deps, "sluice", () => 1);
  await bed.run((signal) => witness.run(signal)).done;
  expect(witness.problem).toBeUndefined();
});
