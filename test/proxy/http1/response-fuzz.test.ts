import fc from "fast-check";
import { expect, test } from "vitest";
import corpus from "../../corpus/responses.json" with { type: "json" };
import { expectSameReading } from "../../support/differential.ts";
import { FUZZ_MS, FUZZ_PARAMETERS } from "../../support/fuzz.ts";
import { responsesByLlhttp } from "../../support/llhttp.ts";
import { readResponses } from "../../support/messages.ts";
import { mutated } from "../../support/mutations.ts";

const cuts = fc.array(fc.nat({ max: 300 }), { maxLength: 4 });
const method = fc.constantFrom("GET" as const, "GET" as const, "HEAD" as const);

test(
  "responses that we take, llhttp takes and reads the same way, however they are cut",
  async () => {
    await fc.assert(
      fc.asyncProperty(mutated(corpus), method, cuts, async (bytes, asked, places) => {
        const ours = readResponses(bytes, asked);
        expect(readResponses(bytes, asked, places)).toEqual(ours);
        expectSameReading(ours, await responsesByLlhttp(bytes, asked));
      }),
      FUZZ_PARAMETERS,
    );
  },
  2 * FUZZ_MS + 10_000,
);
