import { expect, test } from "vitest";
import type { ServiceDocument } from "../../../control/config/service-schema.ts";
import { NO_TABLE, readTable } from "../../../control/table/desired-table.ts";
import type { DesiredService } from "../../../control/table/desired-table.ts";
import { withDrains } from "../../../control/table/rollout-drains.ts";
import { web } from "../../support/started-services.ts";

function inForce(document: ServiceDocument): DesiredService {
  const stored = { revision: 1, services: { web: document } };
  const desired = readTable(stored, NO_TABLE, undefined).table.services.get("web");
  if (desired === undefined) throw new Error("The document cannot be read");
  return desired;
}

const ADDRESSES = ["a:1", "gone:1", "b:1"];
const DRAIN = { version: "v1", addresses: ADDRESSES, state: "drain" } as const;

test("withDrains() drains what is there, and gives it back without a trace", () => {
  const drained = withDrains(inForce(web), DRAIN);
  expect(drained.versions["v1"]?.endpointStates).toEqual({ "a:1": "drain", "b:1": "drain" });
  const back = withDrains(inForce(drained), { ...DRAIN, state: "ready" });
  expect(back.versions["v1"]).toEqual(web.versions["v1"]);
});

test("withDrains() leaves alone what people have in maint, both ways", () => {
  const [v1, v2] = [web.versions["v1"], web.versions["v2"]];
  if (v1 === undefined || v2 === undefined) throw new Error("The document has other versions");
  const kept = { versions: { v1: { ...v1, endpointStates: { "a:1": "maint" as const } }, v2 } };
  const drained = withDrains(inForce(kept), DRAIN);
  expect(drained.versions["v1"]?.endpointStates).toEqual({ "a:1": "maint", "b:1": "drain" });
  const back = withDrains(inForce(drained), { ...DRAIN, state: "ready" });
  expect(back).toEqual(kept);
});
