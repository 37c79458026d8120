import { expect, test } from "vitest";
import {
  abortAct,
  beginAct,
  codeAct,
  migrationAct,
  stateAct,
  thawAct,
  undoAct,
  verbAct,
  verbsOf,
} from "../../../control/page/act.ts";
import type { Act, ActOptions } from "../../../control/page/act.ts";
import type { Call, CallOptions } from "../../../control/page/call.ts";
import { PHASES } from "../../../control/rollout/rollout.ts";
import type { RolloutView } from "../../../control/rollout/rollout-view.ts";

type Asked = { readonly method: string; readonly path: string } & CallOptions;

const SAID: ActOptions = { reason: "why", force: false, field: "" };

/** Runs an act: what it called, and what it says. */
async function done(
  actOf: (call: Call) => Act,
  answer: object,
  said: Partial<ActOptions> = {},
): Promise<readonly [asked: Asked | undefined, text: string]> {
  let asked: Asked | undefined;
  const call = async (
    method: string,
    path: string,
    options: CallOptions = {},
  ): Promise<unknown> => {
    asked = { method, path, ...options };
    return answer;
  };
  const text = await actOf(call as Call).run({ ...SAID, ...said });
  return [asked, text];
}

const AT = { service: "shop", version: "v1", revision: 7 };

test("stateAct() sets a state at its revision, and tells of warnings", async () => {
  const answer = { warnings: [{ text: "v2 gets its share" }] };
  const [asked, text] = await done((call) => stateAct(call, AT, "drain"), answer);
  expect(asked).toEqual({
    method: "PUT",
    path: "/v1/services/shop/versions/v1/state",
    body: { state: "drain" },
    revision: 7,
    reason: "why",
  });
  expect(text).toBe("v1 of shop is in state drain; v2 gets its share");
  const [forced] = await done((call) => stateAct(call, AT, "ready"), answer, { force: true });
  expect(forced?.path).toBe("/v1/services/shop/versions/v1/state?force=true");
});

test("stateAct() sets the state of one endpoint, too, and thawAct() ends a freeze", async () => {
  const at = { ...AT, address: "[::1]:80" };
  const [asked, text] = await done((call) => stateAct(call, at, "drain"), { warnings: [] });
  expect(asked?.path).toBe("/v1/services/shop/versions/v1/endpoints/%5B%3A%3A1%5D%3A80/state");
  expect(text).toBe("[::1]:80 of shop is in state drain");
  const [one] = await done((call) => thawAct(call, "a b"), {});
  const [all] = await done((call) => thawAct(call, undefined), {});
  expect([one?.path, all?.path]).toEqual(["/v1/freezes?service=a%20b", "/v1/freezes"]);
});

test("abortAct() gives stable everything, and undoAct() what was before a revision", async () => {
  const abort = { service: "shop", stable: "v1", revision: 7 };
  const [aborted] = await done((call) => abortAct(call, abort), { warnings: [] });
  expect(aborted).toMatchObject({ method: "PATCH", body: { v1: "100%" }, revision: 7 });
  const change = { service: "shop", changed: 5, revision: 7 };
  const [undone, text] = await done((call) => undoAct(call, change), { warnings: [] });
  expect(undone).toMatchObject({
    method: "POST",
    path: "/v1/services/shop/undo",
    body: { revision: 4 },
    revision: 7,
  });
  expect(text).toBe("shop is what it was before revision 5");
});

test("verbsOf() and verbAct() offer what a rollout's phase allows", async () => {
  expect(PHASES.map((phase) => verbsOf({ phase }).join(" "))).toEqual([
    "promote pause abort",
    "resume promote abort",
    "resume promote abort",
    "abort",
    "undo",
    "retry",
  ]);
  const rollout = { id: "shop-1", service: "shop", from: "v1", to: "v2" } as RolloutView;
  const [asked, text] = await done((call) => verbAct(call, rollout, "pause"), { phase: "paused" });
  expect(asked).toEqual({ method: "POST", path: "/v1/rollouts/shop-1/pause", reason: "why" });
  expect(text).toBe("The rollout of shop is paused");
});

test("beginAct() and migrationAct() say what they were asked", async () => {
  const [begun] = await done((call) => beginAct(call, "shop", "v2", "fast"), {});
  expect(begun).toMatchObject({ body: { service: "shop", to: "v2", preset: "fast" } });
  const [stopped] = await done((call) => migrationAct(call, AT, "stop"), {});
  expect(stopped).toMatchObject({
    path: "/v1/services/shop/versions/v1/migration",
    body: { action: "stop" },
  });
});

test("codeAct() swaps or upgrades, to a release if one is named", async () => {
  const [swapped, text] = await done((call) => codeAct(call, "swap"), { started: [3, 4] });
  expect(swapped).toMatchObject({ path: "/v1/workers/swap", body: {} });
  expect(text).toBe("New workers serve: 3, 4");
  const said = { field: "0.2.0", force: true };
  const [upgraded] = await done((call) => codeAct(call, "upgrade"), { pid: 9 }, said);
  expect(upgraded).toMatchObject({ path: "/v1/upgrade?force=true", body: { release: "0.2.0" } });
});
