import { expect, test } from "vitest";
import { processMetrics } from "../../../control/views/process-metrics.ts";

test("processMetrics() tells of this process, however often it is asked", async () => {
  await processMetrics();
  const text = await processMetrics();
  const heads = ["process_cpu_seconds_total", "nodejs_eventloop_lag_p99_seconds"];
  for (const name of heads)
    expect(text.match(new RegExp(`^# TYPE ${name} `, "gm"))).toHaveLength(1);
  expect(text).toMatch(/^process_resident_memory_bytes [1-9]/m);
});
