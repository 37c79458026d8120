import { expect, test } from "vitest";
import { Briefing } from "../../../control/workers/briefing.ts";
import { logLevelTeller } from "../../../control/workers/tell-log-level.ts";
import type { Question } from "../../../control/workers/worker-process.ts";
import { LogDial } from "../../../proxy/base/log-level.ts";

test("logLevelTeller() sets it here, and tells workers of now and of later", async () => {
  const [dial, briefing] = [new LogDial(), new Briefing()];
  const asked: Question[] = [];
  const tell = logLevelTeller(dial, briefing, {
    askEach: async (question) => {
      asked.push(question(1));
      return new Map();
    },
  });
  await tell("error");
  expect([dial.level, briefing.logLevel]).toEqual(["error", "error"]);
  expect(asked).toEqual([{ kind: "logLevel", level: "error" }]);
});
