import { expect, test } from "vitest";
import { countsDocument, readCounts } from "../../../control/fleet/counts-document.ts";
import type { SidecarCounts } from "../../../control/fleet/counts-document.ts";
import { totalsOf } from "../../../control/fleet/version-counts.ts";

const TOLD = {
  requests: { "2xx": 7 },
  attempts: {},
  retries: 1,
  retriesCrossed: 0,
  ejections: 2,
  durationSumMs: 12.5,
  durations: [[2, 7]] as [number, number][],
  exchangesOpen: 3,
  tunnelsOpen: 4,
};

const COUNTS: SidecarCounts = {
  sidecar: "a/1",
  epoch: "e",
  revision: 5,
  versions: new Map([
    ["v1", totalsOf(TOLD)],
    ["constructor", totalsOf({ ...TOLD, retries: 9 })],
  ]),
};

test("readCounts() reads what countsDocument() tells, whatever versions are called", () => {
  const answer: unknown = JSON.parse(JSON.stringify(countsDocument(COUNTS)));
  expect(readCounts(answer)).toEqual(COUNTS);
  const alone = { ...COUNTS, sidecar: undefined, versions: new Map() };
  expect(readCounts(JSON.parse(JSON.stringify(countsDocument(alone))))).toEqual(alone);
});

test.each([
  ["nothing", undefined],
  ["another document", { ready: true }],
  ["a revision below 0", { ...countsDocument(COUNTS), revision: -1 }],
  [
    "a count that is none",
    { ...countsDocument(COUNTS), versions: { v1: { ...TOLD, retries: -1 } } },
  ],
  ["no epoch", { ...countsDocument(COUNTS), epoch: undefined }],
])("readCounts() refuses %s", (_, answer) => {
  expect(readCounts(answer)).toBeUndefined();
});
