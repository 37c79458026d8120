import { describe, expect, test } from "vitest";
import { ANYBODY } from "../../../../control/cli/api-access.ts";
import { readApiAddress } from "../../../../control/cli/api-address.ts";
import { ApiClient } from "../../../../control/cli/client.ts";
import { perform, planOf } from "../../../../control/cli/top/top-acts.ts";
import { ok, startScriptedApi } from "../../../support/scripted-api.ts";

const SERVICE = { "GET /v1/services/shop": ok({ revision: 7 }) };
const WRITTEN = { ifMatch: '"7"', reason: "sluice top" };

async function clientOf(script: Parameters<typeof startScriptedApi>[0]) {
  const api = await startScriptedApi({ ...SERVICE, ...script });
  return { api, client: new ApiClient(readApiAddress(api.url), ANYBODY) };
}

describe("perform()", () => {
  test("shifts by the revision that it has just read, and says how to take it back", async () => {
    const call = "PATCH /v1/services/shop/weights";
    const { api, client } = await clientOf({ [call]: ok({ revision: 8 }) });
    const act = { kind: "shift", service: "shop", weights: "v1=1  v2=10%" } as const;
    expect(await perform(client, act)).toContain("sluice undo shop");
    expect(api.asked.at(-1)).toEqual({ call, body: { v1: 1, v2: "10%" }, ...WRITTEN });
  });

  test.each(["drain", "ready"] as const)("sets the state %s", async (state) => {
    const call = "PUT /v1/services/shop/versions/v2/state";
    const { api, client } = await clientOf({ [call]: ok({ revision: 8 }) });
    await perform(client, { kind: "state", service: "shop", version: "v2", state });
    expect(api.asked.at(-1)).toEqual({ call, body: { state }, ...WRITTEN });
  });

  test.each(["pause", "abort"] as const)("does that to a rollout: %s", async (kind) => {
    const call = `POST /v1/rollouts/shop/${kind}`;
    const { api, client } = await clientOf({ [call]: ok({}) });
    await perform(client, { kind, service: "shop" });
    expect(api.asked.at(-1)).toEqual({ call, reason: "sluice top" });
  });
});

test("A shift that would be taken back is confirmed, and that is said before", async () => {
  const call = "POST /v1/services/shop/confirm";
  const { api, client } = await clientOf({ [call]: ok({ confirmed: true }) });
  const act = { kind: "confirm", service: "shop" } as const;
  expect(await planOf(client, act)).toEqual(["confirm the shift of shop: it is not taken back"]);
  expect(api.asked).toEqual([]);
  expect(await perform(client, act)).toBe("shop stays as it is");
  expect(api.asked).toEqual([{ call }]);
});

describe("planOf()", () => {
  test("asks for what a rollout is at, and changes nothing", async () => {
    const explanation = ["v2 gets 10 %.", "It is well.", "Next: 20 %.", "And more."];
    const { api, client } = await clientOf({
      "GET /v1/rollouts/shop/explain": ok({ explanation }),
    });
    expect(await planOf(client, { kind: "abort", service: "shop" })).toEqual([
      "abort the rollout of shop",
      ...explanation.slice(0, 3),
    ]);
    expect(api.asked).toHaveLength(1);
  });

  test("says what states mean without asking", async () => {
    const { api, client } = await clientOf({});
    const act = { kind: "state", service: "shop", version: "v2", state: "drain" } as const;
    expect((await planOf(client, act)).join()).toMatch(/^drain shop\/v2: no new sessions/);
    expect(api.asked).toEqual([]);
  });

  test("refuses weights that are none, before anything is asked", async () => {
    const { api, client } = await clientOf({});
    const act = { kind: "shift", service: "shop", weights: "v2" } as const;
    await expect(planOf(client, act)).rejects.toThrow("wanted VERSION=WHOLE NUMBER");
    expect(api.asked).toEqual([]);
  });
});
