import { describe, test } from "vitest";
import {
  restartUnderNumbers,
  shiftNumbers,
  swapUnderNumbers,
} from "./support/numbers-under-change.ts";
import { isMissing } from "./support/programs.ts";

/*
 * Goal: nothing that changes in a sidecar is noticed by calls, streams and requests of HTTP/2: none
 * fails, none comes twice, none is out of order.
 * Method: grpc-go and Go's net/http send numbers to endpoints in the same process, which knows what
 * has come. test/soak/http2-changes.soak.ts does the same for longer.
 */

const SHIFTS = 20;
const SWAPS = 2;
const RESTARTS = 2;

describe.skipIf(isMissing("numbers"))("Calls, streams and requests of HTTP/2", () => {
  test.for(["http", "https"] as const)(`live through ${SHIFTS} shifts by %s`, (scheme) =>
    shiftNumbers(SHIFTS, scheme),
  );

  test.for(["http", "https"] as const)(`live through ${SWAPS} swaps by %s`, (scheme) =>
    swapUnderNumbers(SWAPS, scheme),
  );

  test(`live through ${RESTARTS} restarts of two sidecars, in turn`, () =>
    restartUnderNumbers(RESTARTS));
});
