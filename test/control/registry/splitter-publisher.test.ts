import { expect, test } from "vitest";
import { SplitterPublisher } from "../../../control/registry/splitter-publisher.ts";
import { untilAborted } from "../../../control/store/until-aborted.ts";
import { errorText } from "../../../proxy/base/error-text.ts";
import { eventually } from "../../support/eventually.ts";
import { openConsulBed } from "../../support/fake-consul-bed.ts";

/** A publisher of `web`, the weights that it should publish, and what became of each try. */
async function publisher() {
  const bed = await openConsulBed();
  const wanted = { v1: 90, v2: 10 };
  const results: string[] = [];
  const onResult = (error: unknown): void =>
    void results.push(error === undefined ? "well" : errorText(error));
  const own = new SplitterPublisher({ ...bed.deps, weights: () => wanted, onResult }, "web");
  bed.run(async (signal) => {
    await untilAborted(signal);
    await own.close();
  });
  const shares = (): readonly unknown[] => {
    const splits = bed.consul.entries.get("service-splitter/web")?.["Splits"] ?? [];
    return (splits as readonly { readonly Weight: number }[]).map(({ Weight }) => Weight);
  };
  const writes = (): number => bed.consul.asked.filter((each) => each.startsWith("PUT")).length;
  return { ...bed, own, wanted, results, shares, writes };
}

test("SplitterPublisher writes the first weights, and later ones", async () => {
  const { own, wanted, shares } = await publisher();
  await eventually(() => expect(shares()).toEqual([90, 10]));
  Object.assign(wanted, { v1: 50, v2: 50 });
  own.publish();
  await eventually(() => expect(shares()).toEqual([50, 50]));
});

test("SplitterPublisher writes nothing when the entry has the weights", async () => {
  const { own, results, shares, writes } = await publisher();
  await eventually(() => expect(shares()).toEqual([90, 10]));
  own.publish();
  await eventually(() => expect(results).toEqual(["well", "well"]));
  expect(writes()).toBe(1);
});

test("SplitterPublisher tries until Consul takes it, with the weights of that moment", async () => {
  const { own, consul, wanted, results, shares } = await publisher();
  await eventually(() => expect(shares()).toEqual([90, 10]));
  consul.fault = { kind: "answer", status: 500, text: "No cluster leader" };
  Object.assign(wanted, { v1: 100, v2: 0 });
  own.publish();
  await eventually(() => expect(results.at(-1)).toContain("No cluster leader"));
  Object.assign(wanted, { v1: 99, v2: 1 });
  consul.fault = undefined;
  await eventually(() => expect(shares()).toEqual([99, 1]));
  await eventually(() => expect(results.at(-1)).toBe("well"));
});
