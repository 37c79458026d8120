import { describe, test } from "vitest";
import { buildGoPrograms } from "../foreign/support/go-programs.ts";
import {
  restartUnderNumbers,
  shiftNumbers,
  swapUnderNumbers,
} from "../foreign/support/numbers-under-change.ts";
import { isMissing } from "../foreign/support/programs.ts";

/* Goal: as test/foreign/http2-changes.foreign.ts, for longer. Needs Go. */

const SHIFTS = 500;
const SWAPS = 50;
const RESTARTS = 20;
/** A swap takes seconds where others keep the processors busy. */
const TIMEOUT_MS = 900_000;

await buildGoPrograms();

describe.skipIf(isMissing("numbers"))(
  "Calls, streams and requests of HTTP/2",
  { timeout: TIMEOUT_MS },
  () => {
    test.for(["http", "https"] as const)(`live through ${SHIFTS} shifts by %s`, (scheme) =>
      shiftNumbers(SHIFTS, scheme),
    );

    test.for(["http", "https"] as const)(`live through ${SWAPS} swaps by %s`, (scheme) =>
      swapUnderNumbers(SWAPS, scheme),
    );

    test(`live through ${RESTARTS} restarts of two sidecars, in turn`, () =>
      restartUnderNumbers(RESTARTS));
  },
);
