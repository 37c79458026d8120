import { describe, expect, test } from "vitest";
import type { ServiceDocument } from "../../../control/config/service-schema.ts";
import { rolloutCopiesOf, withRolloutMirror } from "../../../control/table/rollout-mirror.ts";
import { RolloutBed } from "../rollout/rollout-bed.ts";

const PLAIN: ServiceDocument = { versions: { v1: { endpoints: ["10.0.0.5:3000"] } } };
const MIRROR = { asked: { percent: 50 }, to: "v2", rollout: "web-1" };

test("withRolloutMirror() is there once, and is taken away without a trace", () => {
  const first = withRolloutMirror(PLAIN, MIRROR);
  expect(first.mirror).toEqual({ to: "v2", percent: 50, rollout: "web-1" });
  const second = withRolloutMirror(first, { ...MIRROR, asked: {}, rollout: "web-2" });
  expect([second.mirror, rolloutCopiesOf(second)]).toEqual([{ to: "v2", rollout: "web-2" }, {}]);
  expect(withRolloutMirror(second, undefined)).toEqual(PLAIN);
  expect(withRolloutMirror(PLAIN, undefined)).toBe(PLAIN);
  expect(rolloutCopiesOf(PLAIN)).toBeUndefined();
});

test("withRolloutMirror() leaves one alone that is no rollout's", () => {
  const own: ServiceDocument = { ...PLAIN, mirror: { to: "v3" } };
  expect([withRolloutMirror(own, MIRROR), withRolloutMirror(own, undefined)]).toEqual([own, own]);
  expect(rolloutCopiesOf(own)).toBe("others");
});

describe("A rollout that begins with copies", () => {
  const BY = { actor: "ann", reason: undefined };
  const ANY = { ...BY, ifMatch: "*", force: false } as const;
  const copies = { percent: 20, compare: { body: true } };
  const steps = [{ mirror: copies }, { pause: {} }, 50];
  const mirror = (bed: RolloutBed): unknown => bed.services.document("web").mirror;

  test("has them sent as long as it has no share, and then no more", async () => {
    const bed = await RolloutBed.start();
    const { id } = await bed.rollouts.begin({ service: "web", to: "v2", steps }, BY);
    await bed.pass(2);
    expect(mirror(bed)).toEqual({ to: "v2", ...copies, rollout: id });
    const { policy } = bed.services.snapshot("web");
    expect(policy.mirror).toMatchObject({
      to: "v2",
      percent: 20,
      methods: ["GET", "HEAD", "OPTIONS"],
    });
    expect(bed.weights()).toEqual({ v1: 100, v2: 0 });
    const { mirror: _gone, ...rest } = bed.services.document("web");
    await bed.services.put("web", rest, ANY);
    await bed.restart();
    await bed.pass(2);
    expect(mirror(bed)).toEqual({ to: "v2", ...copies, rollout: id });
    await bed.rollouts.act(id, "promote", { ...BY, full: false });
    await bed.pass(2);
    expect([bed.rollouts.get(id).step.share, mirror(bed)]).toEqual([0.5, undefined]);
  });

  test("loses them by an abort", async () => {
    const bed = await RolloutBed.start();
    const { id } = await bed.rollouts.begin({ service: "web", to: "v2", steps }, BY);
    await bed.pass(2);
    await bed.rollouts.act(id, "abort", { ...BY, full: false });
    expect(mirror(bed)).toBeUndefined();
  });

  test("needs requests, and no mirror that the service has for itself", async () => {
    const bed = await RolloutBed.start();
    const { versions } = bed.services.document("web");
    const founds: unknown[] = [];
    for (const own of [{ kind: "tcp" }, { mirror: { to: "v2" } }] as const) {
      await bed.services.put("web", { ...own, versions }, ANY);
      const begun = bed.rollouts.begin({ service: "web", to: "v2", steps }, BY);
      founds.push(await begun.catch((error: unknown) => (error as Error).message));
    }
    expect(founds).toEqual([
      expect.stringContaining("found kind tcp"),
      expect.stringContaining("wanted requests, and no `mirror` of its own, found one"),
    ]);
  });
});
