import { expect, test } from "vitest";
import { WorkerNews } from "../../../control/records/worker-news.ts";
import type { SluiceEvent } from "../../../control/records/sluice-event.ts";
import { jsonLog } from "../../../proxy/base/log.ts";
import { ManualClock } from "../../support/manual-clock.ts";

const ABOUT = { service: "web", version: "v1" };
const ENDPOINT = { ...ABOUT, endpoint: "10.0.0.1:80" };
const EJECTION = { kind: "ejection", ...ENDPOINT, forMs: 10_000, failures: 5 } as const;

function newBed() {
  const clock = new ManualClock();
  const lines: string[] = [];
  const events: SluiceEvent[] = [];
  const log = jsonLog(
    (line) => lines.push(line),
    () => 0,
  );
  const news = new WorkerNews({ clock, log, events: { emit: (event) => events.push(event) } });
  const logged = () => lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  return { clock, news, events, logged };
}

test("WorkerNews tells of endpoints that go and come back, as events and in the log", () => {
  const { news, events, logged } = newBed();
  news.tell(EJECTION);
  news.tell({ kind: "readmission", ...ENDPOINT });
  news.tell({ kind: "panic", ...ABOUT, usable: 1, endpoints: 4 });
  news.tell({ kind: "panic-ended", ...ABOUT, usable: 3, endpoints: 4 });
  expect(events.map(({ kind }) => kind)).toEqual([
    "ejection",
    "readmission",
    "panic",
    "panic-ended",
  ]);
  expect(events[0]).toMatchObject({ services: ["web"], endpoint: "10.0.0.1:80" });
  expect(logged()).toMatchObject([
    { level: "warn", event: "endpoint.ejected", ...ENDPOINT, forMs: 10_000, failures: 5 },
    { level: "info", event: "endpoint.readmitted", ...ENDPOINT },
    { level: "warn", event: "version.panic", ...ABOUT, usable: 1, endpoints: 4 },
    { level: "info", event: "version.panic-ended", ...ABOUT, usable: 3 },
  ]);
});

test("WorkerNews leaves some out of the log where there are too many", async () => {
  const { clock, news, events, logged } = newBed();
  for (let each = 0; each < 100; each += 1) news.tell(EJECTION);
  expect(events).toHaveLength(100);
  expect(logged()).toHaveLength(20);
  await clock.advance(10_000);
  news.tell(EJECTION);
  expect(logged().at(-1)).toMatchObject({ event: "endpoint.ejected", untold: 80 });
});
