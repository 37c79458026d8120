import { expect, test } from "vitest";
import type { DiscoveredEndpoint } from "../../../control/config/service.ts";
import { NO_TABLE, rediscovered, withDocuments } from "../../../control/table/desired-table.ts";
import type { DesiredService } from "../../../control/table/desired-table.ts";
import { shownService } from "../../../control/table/shown-service.ts";
import { FakeDiscovery } from "../../support/started-services.ts";

test("shownService() adds the names without an address, which workers do not have", () => {
  const discovery = new FakeDiscovery();
  const found: DiscoveredEndpoint = {
    address: "10.0.0.2:80",
    name: "web.test:80",
    weight: 1,
    healthy: false,
    reason: "answered 500",
  };
  discovery.found.set("web/v1", [found]);
  const v1 = {
    endpoints: ["10.0.0.1:80", "web.test:80", "gone.test:80"],
    endpointStates: { "gone.test:80": "drain" as const },
  };
  const table = withDocuments(NO_TABLE, new Map([["web", { versions: { v1 } }]]), discovery);
  const web = rediscovered(table, ["web"], discovery).services.get("web") as DesiredService;
  expect(web.snapshot.versions[0]?.endpoints.map(({ address }) => address)).toEqual([
    "10.0.0.1:80",
    "10.0.0.2:80",
  ]);
  const shown = shownService(web, discovery);
  expect(shown.snapshot.versions[0]?.endpoints).toEqual([
    { address: "10.0.0.1:80", weight: 1, state: "ready", healthy: true },
    { address: "10.0.0.2:80", weight: 1, state: "ready", healthy: false },
    { address: "gone.test:80", weight: 1, state: "drain", healthy: false },
  ]);
  expect(shown.details("v1", "10.0.0.2:80")).toEqual(found);
  expect(shown.details("v1", "gone.test:80")).toMatchObject({ reason: "not resolved yet" });
  expect(shown.details("v1", "10.0.0.9:80")).toBeUndefined();
  expect(shown.details("v2", "10.0.0.1:80")).toBeUndefined();
});
