import { describe, expect, test } from "vitest";
import { DynamicTable } from "../../../proxy/http2/dynamic-table.ts";
import { headerField } from "../../../proxy/http2/header-field.ts";

/** Each has 2 bytes of text, and 32 more in a table (RFC 7541 section 4.1). */
const ENTRY_BYTES = 34;

/** A table of so many entries, to which these were added. */
function tableOf(entriesMax: number, ...names: readonly string[]): DynamicTable {
  const table = new DynamicTable(entriesMax * ENTRY_BYTES);
  for (const name of names) table.add(headerField(name, "v"));
  return table;
}

/** The names in a table, the newest first. */
function namesIn(table: DynamicTable): string {
  let names = "";
  for (let index = 1; ; index += 1) {
    const field = table.at(index);
    if (field === undefined) return names;
    names += field.name;
  }
}

describe("DynamicTable (RFC 7541 section 4)", () => {
  test("has the newest at 1, and nothing at 0 or behind the oldest", () => {
    const table = tableOf(4, "a", "b", "c");
    expect([namesIn(table), table.at(0), table.at(4)]).toEqual(["cba", undefined, undefined]);
  });

  test("evicts the oldest for a new one", () => {
    expect(namesIn(tableOf(2, "a", "b", "c"))).toBe("cb");
  });

  test("is emptied by an entry that is larger than itself", () => {
    const table = tableOf(2, "a", "b");
    table.add(headerField("c", "v".repeat(2 * ENTRY_BYTES - 33)));
    expect(namesIn(table)).toBe("c");
    table.add(headerField("d", "v".repeat(2 * ENTRY_BYTES - 32)));
    expect(namesIn(table)).toBe("");
    table.add(headerField("e", "v"));
    expect(namesIn(table)).toBe("e");
  });

  test("keeps the newest when it becomes smaller, and forgets the others for good", () => {
    const table = tableOf(3, "a", "b", "c");
    table.resize(2 * ENTRY_BYTES - 1);
    expect(namesIn(table)).toBe("c");
    table.resize(3 * ENTRY_BYTES);
    expect(namesIn(table)).toBe("c");
    table.resize(0);
    expect(namesIn(table)).toBe("");
  });

  test("is the same after thousands of entries, however many are let go of at once", () => {
    const table = tableOf(3);
    for (let at = 0; at < 2_000; at += 1) {
      table.add(headerField(String.fromCharCode(0x61 + (at % 26)), "v"));
      if (at >= 2) expect(table.at(4)).toBeUndefined();
    }
    expect(namesIn(table)).toBe("xwv");
  });

  test("goes on in another process, and evicts there in the same order", () => {
    const table = tableOf(2, "a", "b", "c");
    const state = JSON.parse(JSON.stringify(table.toState())) as ReturnType<
      DynamicTable["toState"]
    >;
    const next = new DynamicTable(0);
    next.restore(state);
    expect([namesIn(next), next.toState()]).toEqual(["cb", table.toState()]);
    next.add(headerField("d", "v"));
    expect(namesIn(next)).toBe("dc");
  });
});
