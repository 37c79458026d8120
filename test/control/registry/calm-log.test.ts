import { expect, test } from "vitest";
import { calmLog } from "../../../control/registry/calm-log.ts";
import { ManualClock } from "../../support/manual-clock.ts";

function fixture() {
  const lines: unknown[] = [];
  const clock = new ManualClock();
  const end = new AbortController();
  const note =
    (level: string) =>
    (event: string, fields?: object): void =>
      void lines.push([level, event, fields]);
  const log = { info: note("info"), warn: note("warn"), error: note("error") };
  return { lines, clock, end, log: calmLog(log, clock, end.signal) };
}

test("calmLog() writes ten lines of an event a second, and how many more there were", async () => {
  const { lines, clock, log } = fixture();
  for (let line = 0; line < 1_000; line += 1) log.warn("discovery.stale", { line });
  expect(lines).toEqual(
    Array.from({ length: 10 }, (_, line) => ["warn", "discovery.stale", { line }]),
  );
  await clock.advance(1_000);
  expect(lines.slice(10)).toEqual([["warn", "discovery.stale", { more: 990 }]]);
  log.warn("discovery.stale", { line: "later" });
  expect(lines.at(-1)).toEqual(["warn", "discovery.stale", { line: "later" }]);
});

test("calmLog() says nothing of more where there is none, and tells events apart", async () => {
  const { lines, clock, log } = fixture();
  for (let line = 0; line < 10; line += 1) {
    log.warn("discovery.stale");
    log.info("discovery.current");
    log.error("discovery.lost");
  }
  await clock.advance(5_000);
  expect(lines).toHaveLength(30);
});

test("calmLog() tells of the rest when it ends", async () => {
  const { lines, end, log } = fixture();
  for (let line = 0; line < 12; line += 1) log.info("discovery.current");
  end.abort();
  await expect.poll(() => lines.at(-1)).toEqual(["info", "discovery.current", { more: 2 }]);
});
