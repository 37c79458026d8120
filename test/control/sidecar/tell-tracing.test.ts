import { expect, test } from "vitest";
import { tracingTeller } from "../../../control/sidecar/tell-tracing.ts";
import { Briefing } from "../../../control/workers/briefing.ts";

test("tracingTeller() tells who sends spans, and workers of now and of later", async () => {
  const briefing = new Briefing();
  const told: unknown[] = [];
  const tell = tracingTeller(
    briefing,
    {
      askEach: async (question) => {
        told.push(question(1));
        return new Map();
      },
    },
    { follow: (spec) => void told.push(spec?.endpoint) },
  );
  const spec = { endpoint: "http://127.0.0.1:1", ratio: 0.5, serviceName: "a" };
  await tell(spec);
  expect(briefing.tracing).toBe(0.5);
  await tell({ ...spec, endpoint: "http://127.0.0.1:2" });
  await tell(undefined);
  expect(told).toEqual([
    "http://127.0.0.1:1",
    { kind: "tracing", ratio: 0.5 },
    "http://127.0.0.1:2",
    undefined,
    { kind: "tracing", ratio: undefined },
  ]);
  expect(briefing.tracing).toBeUndefined();
});
