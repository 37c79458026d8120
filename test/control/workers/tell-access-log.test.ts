import { expect, test } from "vitest";
import { Briefing } from "../../../control/workers/briefing.ts";
import { accessLogTeller } from "../../../control/workers/tell-access-log.ts";
import type { Question } from "../../../control/workers/worker-process.ts";
import type { AccessLogSpec } from "../../../proxy/table/access-log-spec.ts";

test("accessLogTeller() tells workers of now and of later", async () => {
  const briefing = new Briefing();
  const asked: Question[] = [];
  const tell = accessLogTeller(briefing, {
    askEach: async (question) => {
      asked.push(question(1));
      return new Map();
    },
  });
  const format = { kind: "combined" } as const;
  const spec: AccessLogSpec = { path: "/a", format, sample: 1, slowMs: 1, filter: [] };
  await tell(spec);
  await tell(undefined);
  expect(asked).toEqual([
    { kind: "accessLog", spec },
    { kind: "accessLog", spec: undefined },
  ]);
  expect(briefing.accessLog).toBeUndefined();
});
