import { describe, expect, test } from "vitest";
import { compileService } from "../../../control/config/compile-service.ts";
import { serviceSchema } from "../../../control/config/service-schema.ts";

const service = serviceSchema.parse({
  versions: {
    v1: {
      weight: 90,
      endpoints: ["10.0.0.1:1", { address: "10.0.0.2:1", weight: 5 }],
      endpointStates: { "10.0.0.2:01": "drain" },
    },
    v2: {
      weight: 10,
      state: "maint",
      consul: { service: "web" },
      endpointStates: { "10.0.0.3:1": "maint", "gone:1": "drain" },
    },
  },
});

describe("compileService()", () => {
  test("tells the host that an address was found by to those who verify it", () => {
    const versions = { v1: { endpoints: ["web.internal:443", "10.0.0.9:443"] } };
    const name = "web.internal:443";
    const found = [{ address: "10.0.0.1:443", weight: 1, healthy: true, name }];
    const hosts = (upstream?: object): readonly unknown[] => {
      const parsed = serviceSchema.parse({ versions, ...(upstream && { upstream }) });
      const { versions: compiled } = compileService("web", parsed, new Map([["v1", found]]));
      return compiled.flatMap(({ endpoints }) => endpoints.map(({ host }) => host));
    };
    expect(hosts({ tls: {} })).toEqual(["web.internal", undefined]);
    expect(hosts()).toEqual([undefined, undefined]);
  });

  test("fills in the name where the service says nothing else", () => {
    const { name, hosts, salt } = compileService("Web", service, new Map());
    expect({ name, hosts, salt }).toStrictEqual({ name: "Web", hosts: ["web"], salt: "Web" });
  });

  test("takes what a version can live beside from the document, else from discovery", () => {
    const found = { reads: [1, 2], writes: 2, requires: {} };
    const endpoint = { address: "10.0.0.1:1", weight: 1, healthy: true, compat: found };
    const compatOf = (compat?: object): unknown => {
      const v1 = { consul: { service: "web" }, ...(compat && { compat }) };
      const parsed = serviceSchema.parse({ versions: { v1 } });
      const discovered = new Map([["v1", [endpoint]]]);
      return compileService("web", parsed, discovered).versions[0]?.compat;
    };
    expect(compatOf()).toEqual(found);
    expect(compatOf({ writes: 3 })).toEqual({ reads: [3], writes: 3, requires: {} });
  });

  test("takes states from the document and health from discovery", () => {
    const discovered = new Map([
      [
        "v1",
        [
          { address: "10.0.0.1:1", weight: 9, healthy: false },
          { address: "10.0.0.9:1", weight: 1, healthy: true },
        ],
      ],
      [
        "v2",
        [
          { address: "10.0.0.3:1", weight: 3, healthy: true },
          { address: "10.0.0.4:1", weight: 1, healthy: false },
        ],
      ],
    ]);
    expect(compileService("web", service, discovered).versions).toStrictEqual([
      {
        name: "v1",
        weight: 90,
        state: "ready",
        endpoints: [
          { address: "10.0.0.1:1", weight: 1, state: "ready", healthy: false },
          { address: "10.0.0.2:1", weight: 5, state: "drain", healthy: true },
        ],
      },
      {
        name: "v2",
        weight: 10,
        state: "maint",
        endpoints: [
          { address: "10.0.0.3:1", weight: 3, state: "maint", healthy: true },
          { address: "10.0.0.4:1", weight: 1, state: "ready", healthy: false },
        ],
      },
    ]);
  });

  test("gives only what survives the way to a worker", () => {
    const snapshot = compileService("web", service, new Map());
    expect(JSON.parse(JSON.stringify(snapshot))).toEqual(snapshot);
  });
});
