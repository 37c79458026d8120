import { expect, test } from "vitest";
import { readSeconds } from "../../../control/fleet/seconds-document.ts";
import { NOTHING_COUNTED } from "../../../proxy/metrics/second-counters.ts";

const counts = { ...NOTHING_COUNTED, requests: 2, latencies: [[7, 2]], endpoints: [["a:1", 2, 0]] };
const SECOND = { second: 5, versions: [counts, { ...counts, routes: [[2, 0]] }] };
const DOCUMENT = { sidecar: "a", versions: ["v1", "v2"], sinceS: 4, untilS: 6, seconds: [SECOND] };

test("readSeconds() reads what another sidecar has told", () => {
  expect(readSeconds(JSON.parse(JSON.stringify(DOCUMENT)))).toEqual(DOCUMENT);
});

test.each([
  ["without seconds", { ...DOCUMENT, seconds: undefined }],
  ["with too many", { ...DOCUMENT, seconds: Array.from({ length: 61 }, () => SECOND) }],
  ["of one version", { ...DOCUMENT, seconds: [{ ...SECOND, versions: [counts] }] }],
  [
    "with counts below 0",
    { ...DOCUMENT, seconds: [{ second: 5, versions: [{ ...counts, requests: -1 }, counts] }] },
  ],
  [
    "with a bucket that there is not",
    {
      ...DOCUMENT,
      seconds: [{ second: 5, versions: [{ ...counts, latencies: [[9_999, 1]] }, counts] }],
    },
  ],
])("readSeconds() reads nothing %s", (_what, document) => {
  expect(readSeconds(document)).toBeUndefined();
});
