import { test } from "vitest";
import { shiftUnderLoad } from "../support/shifts-under-load.ts";

/* Goal: as test/integration/shift.test.ts, for longer. */

const SHIFTS = 500;

test(`${SHIFTS} shifts under load fail and close nothing, and apply when answered`, () =>
  shiftUnderLoad(SHIFTS));
