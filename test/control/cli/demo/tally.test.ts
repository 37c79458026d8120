import { expect, test } from "vitest";
import { expectedBand, faultOf, Tally } from "../../../../control/cli/demo/tally.ts";

function tallyOf(share: number, counts: Readonly<Record<string, number>>): Tally {
  const tally = new Tally(share);
  for (const [version, count] of Object.entries(counts)) {
    for (let index = 0; index < count; index += 1) tally.answered(version, 3);
  }
  return tally;
}

test.each([
  [0, { v1: 50, v2: 0 }, [0, 0]],
  [1, { v1: 0, v2: 50 }, [50, 50]],
  [0.1, { v1: 720, v2: 80 }, [76, 84]],
  [0.1, { v1: 9, v2: 1 }, [0, 5]],
  [0.5, { v1: 3, v2: 2 }, [0, 5]],
])("expectedBand() at share %d of %j is %j", (share, counts, band) => {
  expect(expectedBand(tallyOf(share, counts))).toEqual(band);
});

test.each([
  [0, { v1: 50, v2: 1 }, "v2 answered 1 of 51, expected 0 to 0"],
  [1, { v1: 1, v2: 50 }, "v2 answered 50 of 51, expected 51 to 51"],
  [0.5, { v1: 110, v2: 90 }, "v2 answered 90 of 200, expected 96 to 104"],
  [0.5, { v1: 90, v2: 110 }, "v2 answered 110 of 200, expected 96 to 104"],
  [0.5, { v1: 96, v2: 104 }, undefined],
  [0.5, {}, "no request was answered"],
])("faultOf() at share %d of %j is %j", (share, counts, fault) => {
  expect(faultOf(tallyOf(share, counts))).toBe(fault);
});

test("faultOf() names the first of the requests that failed, whatever the shares", () => {
  const tally = tallyOf(0, { v1: 50 });
  tally.failed("status 503");
  tally.failed("status 502");
  expect(faultOf(tally)).toBe("2 requests failed, the first: status 503");
});
