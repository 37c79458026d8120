import { expect, test } from "vitest";
import { acknowledging } from "../../../control/registry/acknowledging.ts";
import type { TableSink } from "../../../control/table/table-sink.ts";
import type { TableChange } from "../../../proxy/table/snapshot.ts";

const CHANGE = { revision: 7 } as TableChange;

/** What happens in order, with a sink that fails when it is told to. */
function bed(error?: Error) {
  const told: string[] = [];
  const sink: TableSink = {
    prepare: async (change) => void told.push(`prepare ${change.revision}`),
    apply: async (change) => {
      told.push(`apply ${change.revision}`);
      if (error !== undefined) throw error;
    },
  };
  const fleet = { acknowledge: (revision: number) => void told.push(`acknowledge ${revision}`) };
  return { told, sink, fleet };
}

test("acknowledging() tells the fleet of a revision when all workers act on it", async () => {
  const { told, sink, fleet } = bed();
  const tells = acknowledging(sink, fleet);
  await tells.prepare?.(CHANGE, {} as never);
  await tells.apply(CHANGE, undefined);
  expect(told).toEqual(["prepare 7", "apply 7", "acknowledge 7"]);
});

test("acknowledging() tells nothing of a revision that was not applied", async () => {
  const { told, sink, fleet } = bed(new Error("a worker is gone"));
  await expect(acknowledging(sink, fleet).apply(CHANGE, undefined)).rejects.toThrow(
    "a worker is gone",
  );
  expect(told).toEqual(["apply 7"]);
});

test("acknowledging() applies where there is no fleet", async () => {
  const { told, sink } = bed();
  await acknowledging(sink, undefined).apply(CHANGE, undefined);
  expect(told).toEqual(["apply 7"]);
});
