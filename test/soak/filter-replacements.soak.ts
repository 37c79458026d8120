import { test } from "vitest";
import { FilterBench } from "../support/filter-bench.ts";
import { replaceFilterUnderLoad } from "../support/filter-replacements.ts";
import { VersionOrigin } from "../support/version-origin.ts";

/* Goal: as test/integration/filters.test.ts, for longer: nothing is left of a replaced filter. */

const REPLACEMENTS = 1_000;

test(`a filter replaced ${REPLACEMENTS} times under load fails no request, counts on`, async () => {
  await using bench = await FilterBench.open();
  using origin = await VersionOrigin.start("v1");
  await replaceFilterUnderLoad(bench, origin.address, REPLACEMENTS);
});
