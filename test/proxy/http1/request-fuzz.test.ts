import fc from "fast-check";
import { expect, test } from "vitest";
import corpus from "../../corpus/requests.json" with { type: "json" };
import { expectSameReading, withMethodsKnown } from "../../support/differential.ts";
import { FUZZ_MS, FUZZ_PARAMETERS } from "../../support/fuzz.ts";
import { requestsByLlhttp } from "../../support/llhttp.ts";
import { readRequests } from "../../support/messages.ts";
import { mutated } from "../../support/mutations.ts";

const cuts = fc.array(fc.nat({ max: 300 }), { maxLength: 4 });

test(
  "requests that we take, llhttp takes and reads the same way, however they are cut",
  async () => {
    await fc.assert(
      fc.asyncProperty(mutated(corpus), cuts, async (bytes, places) => {
        const ours = readRequests(bytes);
        expect(readRequests(bytes, places)).toEqual(ours);
        const asked = withMethodsKnown(bytes, ours);
        expectSameReading(asked.ours, await requestsByLlhttp(asked.bytes));
      }),
      FUZZ_PARAMETERS,
    );
  },
  2 * FUZZ_MS + 10_000,
);
