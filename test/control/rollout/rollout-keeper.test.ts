import { describe, expect, test } from "vitest";
import type { RolloutRequest } from "../../../control/rollout/rollout-schema.ts";
import { ANY } from "../../support/started-services.ts";
import { RolloutBed } from "./rollout-bed.ts";

const BY = { actor: "ann", reason: "a test" };
const ASKED = { ...BY, full: false };
const STEPS: RolloutRequest = { service: "web", to: "v2", steps: [10, 50], stepFor: 5_000 };
const AT_TENTH = { v1: 9_000, v2: 1_000 };

describe("Weights of a service under a rollout", () => {
  test("are nobody else's, and the refusal names whose", async () => {
    const bed = await RolloutBed.start();
    const { id } = await bed.rollouts.begin(STEPS, BY);
    const shift = (): Promise<unknown> => bed.services.shift("web", { v2: "20%" }, ANY);
    await expect(shift()).rejects.toThrow(`rollout ${id}, which ann began, looks after`);
    await expect(shift()).rejects.toMatchObject({ code: "rollout_owns", status: 409 });
    await expect(bed.services.remove("web", ANY)).rejects.toMatchObject({ code: "rollout_owns" });
    await bed.services.shift("shop", { v2: "20%" }, ANY);
    await bed.services.setVersionState("web", "v2", "drain", ANY);
    await bed.rollouts.act(id, "abort", ASKED);
    await bed.services.shift("web", { v2: "20%" }, ANY);
    expect(bed.weights()).toEqual({ v1: 80, v2: 20 });
  });

  test("can be taken over: it pauses, and takes them back when it is resumed", async () => {
    const bed = await RolloutBed.start();
    const { id } = await bed.rollouts.begin(STEPS, BY);
    await bed.pass(1);
    await bed.services.shift("web", { v2: "20%" }, { ...ANY, takeOver: true });
    await bed.pass(5);
    expect(bed.weights()).toEqual({ v1: 80, v2: 20 });
    expect(bed.rollouts.get(id)).toMatchObject({ phase: "paused", why: { rule: "taken-over" } });
    await bed.services.shift("web", { v2: "30%" }, ANY);
    await bed.rollouts.act(id, "resume", ASKED);
    expect(bed.weights()).toEqual(AT_TENTH);
  });
});
