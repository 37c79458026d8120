import { describe, expect, test } from "vitest";
import { topRows } from "../../../../control/cli/top/top-rows.ts";
import { lookAt, lookedService, lookedTraffic } from "./look-fixture.ts";

/** Names of the services, in their order. */
function names(...args: Parameters<typeof topRows>): readonly string[] {
  return topRows(...args).flatMap(({ service, version }) => (version === undefined ? service : []));
}

describe("topRows()", () => {
  test("has a row for each service and for each of its versions", () => {
    const rows = topRows(lookAt(), "name", "shop");
    expect(rows.map(({ cells }) => cells)).toEqual([
      ["shop", "", "", "", "", "186", "0.1 %", "1.8 ms", "16 ms", "3", "12"],
      ["  v1 (stable)", "ready", "2/2", "90", "90 %", "168", "0 %", "1.8 ms", "16 ms", "1", "10"],
      ["  v2", "ready", "1/1", "10", "10 %", "19", "1 %", "1.8 ms", "16 ms", "1", "10"],
    ]);
  });

  test("knows no rate before anything is known, and 0 where there was no traffic", () => {
    const before = topRows(lookAt({ stats: undefined }), "name", "api")[0];
    expect(before?.cells.slice(5)).toEqual(["-", "-", "-", "-", "-", "-"]);
    const after = topRows(lookAt(), "name", "api")[0];
    expect(after?.cells.slice(5)).toEqual(["0", "-", "-", "-", "0", "0"]);
  });

  test("says what keeps traffic away: a state, endpoints that are out, a migration", () => {
    const shop = lookedService("shop");
    const { v1, v2 } = shop.versions;
    const out = v1?.endpoints.map((each, at) => ({ ...each, ejectedBy: at })) ?? [];
    const migration = { state: "running", left: { tunnel: 1, exchange: 0 }, closed: 0 } as const;
    const versions = {
      v1: { ...v1, endpoints: out },
      v2: { ...v2, state: "drain", migration },
    } as unknown as typeof shop.versions;
    const effectiveWeights = { v1: 90, v2: 0 };
    const services = [lookedService("shop", { versions, effectiveWeights })];
    const [, first, second] = topRows(lookAt({ services }), "name", "");
    expect(first?.cells.slice(1, 5)).toEqual(["ready", "1/2", "90", "100 %"]);
    expect(second?.cells.slice(1, 5)).toEqual(["migrating", "1/1", "10", "0 %"]);
    expect([first?.isSpecial, second?.isSpecial]).toEqual([true, true]);
  });

  test("orders services by name, rate or errors, and finds them by a part of a name", () => {
    const services = ["shop", "api", "web"].map((name) => lookedService(name));
    const { stats } = lookAt();
    const traffic = { web: lookedTraffic(5, 0.2), shop: lookedTraffic(100) };
    const look = lookAt({ services, stats: stats && { ...stats, services: traffic } });
    expect(names(look, "name", "")).toEqual(["api", "shop", "web"]);
    expect(names(look, "rate", "")).toEqual(["shop", "web", "api"]);
    expect(names(look, "errors", "")).toEqual(["web", "api", "shop"]);
    expect(names(look, "name", "ho")).toEqual(["shop"]);
  });

  test("names the rollout that goes on", () => {
    const rollouts = [{ service: "shop", to: "v2", phase: "advancing" }];
    expect(topRows(lookAt({ rollouts }), "name", "shop")[0]?.cells[0]).toBe("shop → v2: advancing");
  });

  test("counts down to the moment when a shift is taken back", () => {
    const { time = "" } = lookAt().stats ?? {};
    const until = new Date(Date.parse(time) + 87_000).toISOString();
    const trial = { until, actor: "ann", before: { v1: 100, v2: 0 } };
    const [row] = topRows(lookAt({ services: [lookedService("shop", { trial })] }), "name", "");
    expect(row?.cells[0]).toBe("shop: back in 87 s, c keeps it");
    expect(row?.isSpecial).toBe(true);
  });

  test("is not misled by a service that is called as what every object has", () => {
    const services = [lookedService("constructor")];
    expect(topRows(lookAt({ services }), "rate", "")[0]?.cells[5]).toBe("0");
  });
});
