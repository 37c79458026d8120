import { test } from "vitest";
import { shiftUnderLoad } from "../support/shifts-under-load.ts";

/*
 * Goal: a shift is in force when the API answers, and nobody notices anything else of it. Method:
 * shifts from 100/0 to 0/100 and back under load, so that the right version of each request is
 * known. test/soak has more of them.
 */

const SHIFTS = 100;

test(`${SHIFTS} shifts under load fail and close nothing, and apply when answered`, () =>
  shiftUnderLoad(SHIFTS));
