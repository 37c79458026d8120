import { expect, test } from "vitest";
import { CallError } from "../../../control/page/call.ts";
import type { Call, CallOptions } from "../../../control/page/call.ts";
import { ShiftDraft } from "../../../control/page/shift-draft.ts";

type Asked = { readonly method: string; readonly path: string } & CallOptions;
type Answer = object | Error | Promise<object>;

/** A draft whose calls get these answers, in order. */
function draftWith(...answers: readonly Answer[]): {
  readonly draft: ShiftDraft;
  readonly asked: readonly Asked[];
} {
  const left = [...answers];
  const asked: Asked[] = [];
  const call = async (
    method: string,
    path: string,
    options: CallOptions = {},
  ): Promise<unknown> => {
    asked.push({ method, path, ...options });
    const answer = left.shift();
    if (answer instanceof Error) throw answer;
    return answer;
  };
  return { draft: new ShiftDraft("shop", "v2", call as Call), asked };
}

const planOf = (revision: number, ...codes: readonly string[]): object => ({
  revision,
  versions: {},
  warnings: codes.map((code) => ({ code, service: "shop", text: code })),
});

test("ShiftDraft sends what was planned, for the revision of its plan", async () => {
  const { draft, asked } = draftWith(planOf(7), { revision: 8 });
  expect(draft.isReady.value).toBe(false);
  await draft.choose("v2", 25);
  expect(draft.isReady.value).toBe(true);
  draft.reason.value = "canary";
  await draft.send();
  expect(asked).toEqual([
    { method: "POST", path: "/v1/services/shop/plan", body: { v2: "25%" } },
    {
      method: "PATCH",
      path: "/v1/services/shop/weights",
      body: { v2: "25%" },
      revision: 7,
      reason: "canary",
    },
  ]);
  expect(draft.outcome).toEqual({ kind: "done", revision: 8 });
  expect([draft.percent, draft.plan.kind, draft.reason.value]).toEqual([undefined, "none", ""]);
  expect(draft.isReady.value).toBe(false);
});

test("ShiftDraft says when it is taken back, even if it is forced and takes over", async () => {
  const plan = planOf(7, "nothing_would_serve");
  const owned = new CallError("a rollout looks after it", 409, "rollout_owns");
  const { draft, asked } = draftWith(owned, plan, { revision: 8 });
  draft.confirmWithin.value = "5m";
  await draft.choose("v2", 100);
  draft.force.value = true;
  draft.reason.value = "why";
  await draft.send();
  const path = "/v1/services/shop/weights?force=true&takeOver=true&confirmWithin=5m";
  expect(asked[2]).toMatchObject({ path });
});

test("ShiftDraft plans anew when somebody was faster, and waits to be sent again", async () => {
  const conflict = new CallError("wanted revision 7, found 9", 412, "revision_conflict", 9);
  const { draft, asked } = draftWith(planOf(7), conflict, planOf(9), { revision: 10 });
  await draft.choose("v2", 25);
  await draft.send();
  expect(draft.outcome).toMatchObject({ kind: "refused", code: "revision_conflict" });
  expect(draft.plan).toMatchObject({ kind: "known", note: expect.stringContaining("revision 9") });
  expect(asked).toHaveLength(3);
  await draft.send();
  expect(asked[3]).toMatchObject({ revision: 9, body: { v2: "25%" } });
  expect(draft.outcome).toEqual({ kind: "done", revision: 10 });
});

test("ShiftDraft is not ready for no change, nor for an outage without a reason", async () => {
  const { draft } = draftWith(planOf(7, "no_change"), planOf(7, "nothing_would_serve"));
  await draft.choose("v2", 10);
  expect(draft.isReady.value).toBe(false);
  await draft.choose("v2", 100);
  expect(draft.isReady.value).toBe(false);
  draft.force.value = true;
  expect(draft.isReady.value).toBe(false);
  draft.reason.value = "it must go";
  expect(draft.isReady.value).toBe(true);
});

test("ShiftDraft takes over from a rollout only once that has been planned", async () => {
  const owned = new CallError("a rollout looks after it", 409, "rollout_owns");
  const { draft, asked } = draftWith(planOf(7), owned, owned, planOf(7), { revision: 8 });
  await draft.choose("v2", 25);
  expect(draft.plan).toMatchObject({ kind: "known", takesOver: false });
  await draft.send();
  expect(draft.outcome).toMatchObject({ kind: "refused", code: "rollout_owns" });
  expect(draft.plan).toMatchObject({ kind: "known", takesOver: true });
  await draft.send();
  expect(draft.outcome).toEqual({ kind: "done", revision: 8 });
  expect(asked.slice(1).map(({ path }) => path)).toEqual([
    "/v1/services/shop/weights",
    "/v1/services/shop/plan",
    "/v1/services/shop/plan?takeOver=true",
    "/v1/services/shop/weights?takeOver=true",
  ]);
});

test("ShiftDraft says why not even taking over can be planned", async () => {
  const owned = new CallError("a rollout looks after it", 409, "rollout_owns");
  const { draft, asked } = draftWith(owned, owned);
  await draft.choose("v2", 25);
  expect(draft.plan).toEqual({ kind: "failed", reason: expect.stringContaining("looks after") });
  expect([draft.isReady.value, asked.length]).toEqual([false, 2]);
});

test("ShiftDraft shows the plan of the last choice, whatever comes later", async () => {
  const slow = Promise.withResolvers<object>();
  const { draft } = draftWith(slow.promise, planOf(8));
  const first = draft.choose("v2", 25);
  await draft.choose("v2", 50);
  slow.resolve(planOf(7));
  await first;
  expect(draft.plan).toMatchObject({ kind: "known", plan: { revision: 8 } });
});

test("ShiftDraft is not ready while a share is still being chosen, and asks nobody", async () => {
  const slow = Promise.withResolvers<object>();
  const { draft, asked } = draftWith(planOf(7), slow.promise);
  await draft.choose("v2", 25);
  draft.move(26);
  expect([draft.percent, draft.plan.kind, draft.isReady.value]).toEqual([26, "asked", false]);
  expect(asked).toHaveLength(1);
  const chosen = draft.choose("v2", 27);
  draft.move(28);
  slow.resolve(planOf(7));
  await chosen;
  expect(draft.plan.kind).toBe("asked");
});

test("ShiftDraft cannot be sent without a plan, or before there is one", async () => {
  const { draft, asked } = draftWith(new CallError("no such version", 404, "unknown_version"));
  await draft.send();
  expect(asked).toEqual([]);
  await draft.choose("v9", 25);
  expect(draft.plan).toEqual({ kind: "failed", reason: "no such version" });
  await draft.send();
  expect(asked).toHaveLength(1);
});
