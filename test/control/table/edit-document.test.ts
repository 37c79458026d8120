import { describe, expect, test } from "vitest";
import type { ServiceDocument } from "../../../control/config/service-schema.ts";
import { NO_TABLE, readTable } from "../../../control/table/desired-table.ts";
import type { DesiredService } from "../../../control/table/desired-table.ts";
import {
  withEndpointState,
  withVersionState,
  withWeights,
} from "../../../control/table/edit-document.ts";
import { shop, web } from "../../support/started-services.ts";

/** A service in force, of this document. */
function inForce(document: ServiceDocument): DesiredService {
  const stored = { revision: 1, services: { web: document } };
  const desired = readTable(stored, NO_TABLE, undefined).table.services.get("web");
  if (desired === undefined) throw new Error("The document cannot be read");
  return desired;
}

const STATE = { version: "v1", address: "a:1", state: "drain" } as const;

describe("withWeights()", () => {
  test("changes what is named and nothing else", () => {
    const { versions } = withWeights(inForce(web), { v2: 30 });
    expect(versions).toEqual({ v1: web.versions["v1"], v2: { ...web.versions["v2"], weight: 30 } });
    expect(versions["v1"]).toBe(web.versions["v1"]);
  });

  test("writes no weight into a version that has none and keeps the default", () => {
    const { versions } = withWeights(inForce(shop), { v1: 1 });
    expect(versions).toEqual(shop.versions);
    expect(withWeights(inForce(shop), { v1: 5 }).versions["v1"]?.weight).toBe(5);
  });

  test("turns shares into weights", () => {
    const { versions } = withWeights(inForce(web), { v2: "25%" });
    expect([versions["v1"]?.weight, versions["v2"]?.weight]).toEqual([75, 25]);
  });

  test.each<[string, Record<string, number | string>, object]>([
    [
      "a share beside a weight",
      { v1: 1, v2: "10%" },
      { problems: [expect.objectContaining({ path: "v1" })] },
    ],
    ["shares of more than all", { v1: "60%", v2: "41%" }, { code: "invalid" }],
    ["a share above all", { v1: "101%" }, { code: "invalid" }],
    ["a share below 0", { v1: "-1%" }, { code: "invalid" }],
    ["a share of three decimals", { v1: "0.001%" }, { code: "invalid" }],
    ["a share of a version that is not there", { v3: "1%" }, { code: "unknown_version" }],
    ["a weight below 0", { v1: -1 }, { code: "invalid" }],
    ["a part of a weight", { v1: 0.5 }, { code: "invalid" }],
    ["a sum of 0", { v1: 0, v2: 0 }, { code: "invalid" }],
    ["a version that is not there", { v3: 1 }, { code: "unknown_version" }],
    ["a name of JavaScript's own", { constructor: 1 }, { code: "unknown_version" }],
  ])("refuses %s", (_, weights, error) => {
    expect(() => withWeights(inForce(web), weights)).toThrow(expect.objectContaining(error));
  });
});

describe("withVersionState()", () => {
  test("writes the state; the state that holds already changes nothing", () => {
    const { versions } = withVersionState(inForce(web), "v2", "maint");
    expect(versions["v2"]).toEqual({ ...web.versions["v2"], state: "maint" });
    expect(versions["v1"]).toBe(web.versions["v1"]);
    expect(withVersionState(inForce(web), "v2", "ready")).toBe(web);
  });

  test("refuses a version that is not there", () => {
    expect(() => withVersionState(inForce(web), "v9", "maint")).toThrow(
      expect.objectContaining({ code: "unknown_version" }),
    );
  });
});

describe("withEndpointState()", () => {
  test("writes a state, replaces it, and leaves no trace of ready", () => {
    const drained = withEndpointState(inForce(web), STATE);
    expect(drained.versions["v1"]?.endpointStates).toEqual({ "a:1": "drain" });
    const out = withEndpointState(inForce(drained), { ...STATE, state: "maint" });
    expect(out.versions["v1"]?.endpointStates).toEqual({ "a:1": "maint" });
    expect(withEndpointState(inForce(out), { ...STATE, state: "ready" })).toEqual(web);
  });

  test("keeps the states of other endpoints and versions", () => {
    const first = withEndpointState(inForce(web), STATE);
    const both = withEndpointState(inForce(first), { ...STATE, address: "b:1" });
    expect(both.versions["v1"]?.endpointStates).toEqual({ "a:1": "drain", "b:1": "drain" });
    const one = withEndpointState(inForce(both), { ...STATE, state: "ready" });
    expect(one.versions["v1"]?.endpointStates).toEqual({ "b:1": "drain" });
    expect(one.versions["v2"]).toBe(web.versions["v2"]);
  });

  test("finds an endpoint however its address is written", () => {
    const drained = withEndpointState(inForce(web), { ...STATE, address: "A:1" });
    expect(drained.versions["v1"]?.endpointStates).toEqual({ "a:1": "drain" });
  });

  test("takes away the state of an endpoint that is gone, and gives it no new one", () => {
    const consul = { consul: { service: "web" } };
    const gone = inForce({ versions: { v1: { ...consul, endpointStates: { "a:1": "drain" } } } });
    expect(withEndpointState(gone, { ...STATE, state: "ready" })).toEqual({
      versions: { v1: consul },
    });
    expect(() => withEndpointState(gone, { ...STATE, address: "z:1" })).toThrow(
      expect.objectContaining({ code: "unknown_endpoint" }),
    );
  });
});
