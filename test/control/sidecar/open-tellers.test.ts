import { expect, test } from "vitest";
import { openTellers } from "../../../control/sidecar/open-tellers.ts";
import { Briefing } from "../../../control/workers/briefing.ts";
import type { Workers } from "../../../control/workers/workers.ts";
import { LogDial } from "../../../proxy/base/log-level.ts";

test("openTellers() tells workers of their log, of the access log and of traces", async () => {
  const asked: unknown[] = [];
  const askEach: Workers["askEach"] = async (question) => {
    asked.push(question(1).kind);
    return new Map();
  };
  const dial = new LogDial();
  const briefing = new Briefing();
  const workers = { askEach } as Pick<Workers, "askEach"> as Workers;
  const tellers = openTellers(dial, { briefing, workers, spans: { follow: () => undefined } });
  await tellers.tellLogLevel("warn");
  await tellers.tellAccessLog(undefined);
  await tellers.tellTracing({ endpoint: "http://127.0.0.1:1", ratio: 1, serviceName: "a" });
  expect(asked).toEqual(["logLevel", "accessLog", "tracing"]);
  expect([dial.level, briefing.tracing]).toEqual(["warn", 1]);
});
