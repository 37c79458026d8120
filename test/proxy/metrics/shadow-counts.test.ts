import { expect, test } from "vitest";
import { addedShadows, ShadowCounts } from "../../../proxy/metrics/shadow-counts.ts";
import type { ShadowSample } from "../../../proxy/metrics/shadow-counts.ts";

function sample(atMs: number, parts: Partial<ShadowSample> = {}): ShadowSample {
  return { atMs, method: "GET", path: "/", ...parts };
}

test("ShadowCounts count by what differs, and keep the latest examples", () => {
  const counts = new ShadowCounts();
  counts.add("web", undefined);
  counts.add("web", sample(0, { status: [200, 500], body: [1, 2] }));
  for (let atMs = 1; atMs <= 30; atMs += 1) counts.add("web", sample(atMs, { headers: ["a"] }));
  counts.add("shop", undefined);
  const [web, shop] = counts.stats();
  expect(web).toMatchObject({ compared: 32, different: 31, status: 1, headers: 30, body: 1 });
  expect(web?.samples.map(({ atMs }) => atMs)).toEqual(
    Array.from({ length: 20 }, (_, index) => index + 11),
  );
  expect(shop).toMatchObject({ service: "shop", compared: 1, different: 0, samples: [] });
});

test("addedShadows() adds up, with the latest examples of both in order", () => {
  const [one, other] = [new ShadowCounts(), new ShadowCounts()];
  one.add("web", sample(2, { status: [200, 404] }));
  one.add("web", undefined);
  other.add("web", sample(1, { body: [1, 0] }));
  const [first, second] = [...one.stats(), ...other.stats()];
  if (first === undefined || second === undefined) throw new Error("Both have counted");
  const sum = addedShadows(first, second);
  expect(sum).toMatchObject({ compared: 3, different: 2, status: 1, headers: 0, body: 1 });
  expect(sum.samples.map(({ atMs }) => atMs)).toEqual([1, 2]);
});
