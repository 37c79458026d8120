import { expect, test } from "vitest";
import { joinedStats } from "../../../proxy/metrics/pool-stats.ts";

test("joinedStats() is all that the parts say, and nothing where none says anything", () => {
  const place = { service: "web", version: "v1" };
  const [one, two, three] = [1, 2, 3].map((waiting) => ({ ...place, limit: undefined, waiting }));
  if (one === undefined || two === undefined || three === undefined) return expect.unreachable();
  const joined = joinedStats([{ concurrency: [one] }, {}, { concurrency: [two, three] }]);
  expect(joined).toEqual({
    versions: [],
    endpoints: [],
    tunnels: [],
    concurrency: [one, two, three],
    flows: [],
  });
});
