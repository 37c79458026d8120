import { describe, expect, onTestFinished, test } from "vitest";
import type { ServiceDocument } from "../../control/config/service-schema.ts";
import { RevisionConflictError } from "../../control/base/errors.ts";
import type { Store, StoredTable } from "../../control/store/store.ts";

/** A table with one service, whose versions are in an order that is not the alphabet's. */
export function storedTable(revision: number, timeout = "5s"): StoredTable {
  const web: ServiceDocument = {
    versions: { v2: { weight: 1, endpoints: [] }, v1: { weight: 2, endpoints: [] } },
    timeout,
  };
  return { revision, services: { web } };
}

/** What every store must do. `open` gives an empty one of its own for each test, and closes it. */
export function describeStore(kind: Store["kind"], open: () => Promise<Store>): void {
  describe(`Store of kind ${kind}`, () => {
    test("says its kind", async () => {
      expect((await open()).kind).toBe(kind);
    });

    test("holds no table at first", async () => {
      expect(await (await open()).load()).toBeUndefined();
    });

    test("load() gives what save() was given, in its order", async () => {
      const store = await open();
      await store.save(storedTable(1), 0);
      expect(JSON.stringify(await store.load())).toBe(JSON.stringify(storedTable(1)));
      await store.save(storedTable(2, "6s"), 1);
      expect(await store.load()).toStrictEqual(storedTable(2, "6s"));
      await store.save({ revision: 3, services: {} }, 2);
      expect(await store.load()).toStrictEqual({ revision: 3, services: {} });
    });

    test("keeps a service whose name is special in JavaScript", async () => {
      const store = await open();
      const { web } = storedTable(1).services;
      const table = { revision: 1, services: { constructor: web } } as unknown as StoredTable;
      await store.save(table, 0);
      expect(Object.keys((await store.load())?.services ?? {})).toStrictEqual(["constructor"]);
    });

    test("keeps text of any language", async () => {
      const store = await open();
      const table = { revision: 1, services: { web: { versions: {}, salt: "ü→😀\u2028\n" } } };
      await store.save(table, 0);
      expect(await store.load()).toStrictEqual(table);
    });

    test.each([
      { held: 0, expected: 1 },
      { held: 2, expected: 0 },
      { held: 2, expected: 1 },
      { held: 2, expected: 3 },
    ])("save() on $expected is refused when it holds $held", async ({ held, expected }) => {
      const store = await open();
      if (held > 0) await store.save(storedTable(1), 0);
      if (held > 1) await store.save(storedTable(2), 1);
      const before = await store.load();
      const error = await store.save(storedTable(9, "9s"), expected).catch((each: unknown) => each);
      expect(error).toBeInstanceOf(RevisionConflictError);
      expect(error).toMatchObject({ current: held, code: "revision_conflict" });
      expect(await store.load()).toStrictEqual(before);
    });

    test("of saves at once on one revision, one wins", async () => {
      const store = await open();
      const saves = ["1s", "2s", "3s"].map((timeout) => store.save(storedTable(1, timeout), 0));
      const ends = await Promise.allSettled(saves);
      expect(ends.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
      const winner = ends.findIndex(({ status }) => status === "fulfilled") + 1;
      expect(await store.load()).toStrictEqual(storedTable(1, `${winner}s`));
      const reasons = ends.flatMap((end) => (end.status === "rejected" ? [end.reason] : []));
      expect(reasons.map(({ code }) => code)).toStrictEqual([
        "revision_conflict",
        "revision_conflict",
      ]);
    });

    test("nobody can change a table that was saved or loaded", async () => {
      const store = await open();
      const services = { ...storedTable(1).services };
      await store.save({ revision: 1, services }, 0);
      delete services["web"];
      const loaded = (await store.load()) as { services: Record<string, unknown> };
      delete loaded.services["web"];
      expect(await store.load()).toStrictEqual(storedTable(1));
    });

    test("follow() resolves when it is aborted, before or after", async () => {
      const store = await open();
      await store.save(storedTable(1), 0);
      const stop = new AbortController();
      onTestFinished(() => stop.abort());
      const following = store.follow(() => undefined, stop.signal);
      stop.abort();
      await expect(following).resolves.toBeUndefined();
      await expect(store.follow(() => undefined, stop.signal)).resolves.toBeUndefined();
    });

    test("close() can be called twice", async () => {
      const store = await open();
      await store.close();
      await expect(store.close()).resolves.toBeUndefined();
    });
  });
}
