import { expect, test } from "vitest";
import { systemClock } from "../../../proxy/base/clock.ts";
import { seededRandom } from "../../../proxy/base/random.ts";
import type { FromWorker } from "../../../proxy/messages/messages.ts";
import { openTracer } from "../../../proxy/tracing/open-tracer.ts";
import { manualWheel } from "../../support/manual-wheel.ts";
import { ExchangeBed } from "../exchange/exchange-fixture.ts";

test("openTracer() gives spans of exchanges to the primary, once it is on", async () => {
  const bed = new ExchangeBed();
  const said: FromWorker[] = [];
  const { wheel } = manualWheel();
  const deps = { wheel, clock: systemClock, random: seededRandom(1), witness: bed.witness };
  const tracer = openTracer(deps, (message, onSent) => {
    said.push(message);
    onSent();
  });
  expect(bed.witness.tracer).toBeUndefined();
  tracer.follow(1);
  bed.request("GET /a HTTP/1.1\r\nHost: web\r\n\r\n");
  await tracer.flush();
  expect(said).toEqual([
    { kind: "spans", spans: expect.stringContaining('"/a"') as string, count: 1, dropped: 0 },
  ]);
});
