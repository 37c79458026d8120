import { describe, expect, test } from "vitest";
import { z } from "zod";
import { withWantedTypes } from "../../../control/config/lone-values.ts";
import type { Path } from "../../../control/config/lone-values.ts";

const schema = z.object({
  count: z.number(),
  isOn: z.boolean(),
  text: z.string(),
  list: z.array(z.union([z.string(), z.object({ weight: z.number().int() })])),
});

function typed(document: unknown, lone: readonly Path[]): unknown {
  return withWantedTypes(document, lone, schema.safeParse(document).error?.issues ?? []);
}

describe("withWantedTypes()", () => {
  test("makes numbers and booleans where a key wants them, inside unions too", () => {
    const document = { count: "2", isOn: "false", text: "3", list: ["4", { weight: "5" }] };
    const lone = [["count"], ["isOn"], ["text"], ["list", 0], ["list", 1, "weight"]];
    expect(typed(document, lone)).toStrictEqual({
      count: 2,
      isOn: false,
      text: "3",
      list: ["4", { weight: 5 }],
    });
  });

  test.each(["", " 2", "2x", "0x2", "1e3", "Infinity", "--2", "2."])(
    "makes no number of %j",
    (count) => {
      const document = { count, isOn: true, text: "", list: [] };
      expect(typed(document, [["count"]])).toStrictEqual(document);
    },
  );

  test("leaves texts alone that did not come from a variable alone", () => {
    const document = { count: "2", isOn: "yes", text: "", list: [] };
    expect(typed(document, [["isOn"]])).toStrictEqual(document);
  });
});
