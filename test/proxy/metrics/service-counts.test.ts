import { expect, test } from "vitest";
import { ServiceCounts } from "../../../proxy/metrics/service-counts.ts";

test("ServiceCounts count by service and word, whatever a service is called", () => {
  const counts = new ServiceCounts();
  counts.add("web", "answer:redirect");
  counts.add("constructor", "answer:redirect");
  counts.add("web", "answer:redirect", 2);
  counts.add("web", "answer:fixed");
  expect(counts.stats()).toEqual([
    { service: "web", counts: { "answer:redirect": 3, "answer:fixed": 1 } },
    { service: "constructor", counts: { "answer:redirect": 1 } },
  ]);
});
