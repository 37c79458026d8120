import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ServiceDocument } from "../../../control/config/service-schema.ts";
import { compileService } from "../../../control/config/compile-service.ts";
import { readService } from "../../../control/config/read-service.ts";
import { incompatibilitiesOf, pairFlaws } from "../../../control/table/compatibility.ts";
import type { ServicesSeen } from "../../../control/table/compatibility.ts";
import { ANY, started } from "../../support/started-services.ts";

type Version = ServiceDocument["versions"][string];

const OLD = { reads: [1], writes: 1 };
const NEW = { reads: [1, 2], writes: 2 };

function version(weight: number, compat?: Version["compat"]): Version {
  return { weight, endpoints: ["10.0.0.5:3000"], ...(compat && { compat }) };
}

function seen(services: Readonly<Record<string, ServiceDocument["versions"]>>): ServicesSeen {
  const entries = Object.entries(services).map(([name, versions]) => {
    const service = readService(name, { versions });
    return [name, { snapshot: compileService(name, service, new Map()) }] as const;
  });
  return new Map(entries);
}

/** The shop with these weights of its old and its new version. */
function shop(v1: number, v2: number): ServiceDocument["versions"] {
  return { v1: version(v1, OLD), v2: version(v2, NEW) };
}

function flaws(before: ServicesSeen, after: ServicesSeen): readonly string[] {
  return incompatibilitiesOf(before, after).map(({ text }) => text);
}

describe("incompatibilitiesOf()", () => {
  const WRONG = "v1 of shop reads 1, and v2 writes 2";

  test.each([
    ["a mixture", shop(100, 0), shop(90, 10), [WRONG]],
    ["a switch to what reads both", shop(100, 0), shop(0, 100), []],
    ["a way back to what reads the old state only", shop(0, 100), shop(100, 0), [WRONG]],
    ["what was so before", shop(50, 50), shop(40, 60), []],
  ])("of %s", (_what, before, after, wanted) => {
    expect(flaws(seen({ shop: before }), seen({ shop: after }))).toEqual(wanted);
  });

  test("takes it that a version reads what it writes, and asks nobody who says nothing", () => {
    const writer = { v1: version(100), v2: version(1, { writes: 2 }) };
    expect(flaws(seen({}), seen({ shop: writer }))).toEqual([]);
    const both = { ...writer, v3: version(1, { writes: 3 }) };
    expect(flaws(seen({}), seen({ shop: both }))).toEqual([
      "v2 of shop reads 2, and v3 writes 3",
      "v3 of shop reads 3, and v2 writes 2",
    ]);
  });

  test.each([
    [">=3", { v3: version(1) }, true],
    [">=3", { v4: version(1), v2: version(0) }, true],
    [">=3", { v3: version(1), v2: version(1) }, false],
    [">=3.1", { "v3.0.9": version(1) }, false],
    [">=3.1", { "v3.10": version(1) }, true],
    ["3", { "v3.2": version(1) }, true],
    ["3", { v4: version(1) }, false],
    [">=3", { blue: version(1) }, false],
  ])("of a version that requires payments %s, beside %j", (range, payments, isFine) => {
    const needy = { v1: version(100, { requires: { payments: range } }) };
    const found = flaws(seen({}), seen({ shop: needy, payments }));
    expect(found.length === 0).toBe(isFine);
  });

  test("tells of a requirement that another service's change breaks", () => {
    const needy = { v1: version(100, { requires: { payments: ">=3" } }) };
    const before = seen({ shop: needy, payments: { v3: version(1) } });
    expect(flaws(before, seen({ shop: needy }))).toEqual([
      "v1 of shop requires payments >=3, which is not there",
    ]);
  });

  test("never tells of a change that leaves weights as they are", () => {
    const weights = fc.tuple(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 1, max: 9 }));
    const property = fc.property(weights, ([v1, v2]) => {
      const same = seen({ shop: shop(v1, v2) });
      expect(flaws(same, same)).toEqual([]);
    });
    fc.assert(property, { seed: 15 });
  });
});

test("pairFlaws() looks at both ways, whatever the weights are", () => {
  const services = seen({ shop: shop(100, 0) });
  expect(pairFlaws(services, "shop", ["v1", "v2"]).map(({ version: name }) => name)).toEqual([
    "v1",
  ]);
  expect(pairFlaws(services, "none", ["v1", "v2"])).toEqual([]);
});

test("A write that is incompatible is refused unless forced, and a plan warns of it", async () => {
  const { services } = await started({ shop: { versions: shop(100, 0) } });
  const shift = services.shift("shop", { v1: 90, v2: 10 }, ANY);
  await expect(shift).rejects.toMatchObject({
    code: "incompatible",
    status: 409,
    message:
      "Cannot write: v1 of shop reads 1, and v2 writes 2; " +
      "change that first, or force it and give a reason",
  });
  const forced = await services.shift("shop", { v1: 90, v2: 10 }, { ...ANY, force: true });
  expect(forced.warnings.map(({ code }) => code)).toContain("incompatible");
  await services.shift("shop", { v1: 0, v2: 100 }, ANY);
  await expect(services.shift("shop", { v1: 100, v2: 0 }, ANY)).rejects.toMatchObject({
    code: "incompatible",
  });
});
