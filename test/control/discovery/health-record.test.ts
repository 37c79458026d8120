import { expect, test } from "vitest";
import { HealthRecord } from "../../../control/discovery/health-record.ts";

/** `healthy` after each probe, and `!` where add() said that it changed. `+`: it succeeded. */
function trace(probes: string, rise: number, fall: number): string {
  const record = new HealthRecord();
  return probes
    .split("")
    .map((probe) => {
      const changed = record.add(probe === "+", { rise, fall });
      return `${record.healthy ? "up" : "down"}${changed ? "!" : ""}`;
    })
    .join(" ");
}

test.each([
  ["---", 2, 3, "up up down!"],
  ["--+---", 2, 3, "up up up up up down!"],
  ["---+-++", 2, 3, "up up down! down down down up!"],
  ["---++--", 2, 3, "up up down! down up! up up"],
  ["-+-+", 1, 1, "down! up! down! up!"],
  ["++++-", 2, 2, "up up up up up"],
])("HealthRecord.add(): %s with rise %i and fall %i", (probes, rise, fall, wanted) => {
  expect(trace(probes, rise, fall)).toBe(wanted);
});

test("HealthRecord.add() goes on counting when fall changes", () => {
  const record = new HealthRecord();
  record.add(false, { rise: 1, fall: 9 });
  record.add(false, { rise: 1, fall: 9 });
  expect(record.add(false, { rise: 1, fall: 3 })).toBe(true);
});
