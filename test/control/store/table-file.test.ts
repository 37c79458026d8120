import * as fc from "fast-check";
import { expect, test } from "vitest";
import { StoreError } from "../../../control/base/errors.ts";
import { decodeTable, encodeTable } from "../../../control/store/table-file.ts";
import type { StoredTable } from "../../../control/store/store.ts";

/** Characters that break JSON, or leave it JSON of another value. */
const WRONG = ["0", "a", "{", "}", "[", "]", ",", ":", " ", "\n", "\\", '"', "\0"];

/** Tables with services of any JSON: the file does not judge them. */
const tables = fc
  .record({
    revision: fc.integer({ min: 1 }),
    services: fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 }), { maxKeys: 5 }),
  })
  .map((table) => JSON.parse(JSON.stringify(table)) as StoredTable)
  .filter(({ services }) => !Object.hasOwn(services, "__proto__"));

test("decodeTable() reads back what encodeTable() wrote", () => {
  fc.assert(
    fc.property(tables, (table) => {
      expect(decodeTable(encodeTable(table), "state")).toStrictEqual(table);
    }),
    { seed: 4 },
  );
});

test("decodeTable() never takes a file that was cut off", () => {
  fc.assert(
    fc.property(tables, fc.nat(), (table, at) => {
      const text = encodeTable(table).trimEnd();
      expect(() => decodeTable(text.slice(0, at % text.length), "state")).toThrow(StoreError);
    }),
    { seed: 5 },
  );
});

test("decodeTable() never gives another table for a file with one wrong character", () => {
  fc.assert(
    fc.property(tables, fc.nat(), fc.constantFrom(...WRONG), (table, at, wrong) => {
      const text = encodeTable(table);
      const place = at % text.length;
      const changed = tableOrCode(`${text.slice(0, place)}${wrong}${text.slice(place + 1)}`);
      expect(["store_torn", "store_foreign", table]).toContainEqual(changed);
    }),
    { seed: 6, numRuns: 500 },
  );
});

function tableOrCode(text: string): unknown {
  try {
    return decodeTable(text, "state");
  } catch (error) {
    return error instanceof StoreError ? error.code : error;
  }
}
