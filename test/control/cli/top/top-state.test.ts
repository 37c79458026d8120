import { describe, expect, test } from "vitest";
import { keysIn, onKey, shownRows, TOP_START } from "../../../../control/cli/top/top-state.ts";
import type { TopEffect, TopState } from "../../../../control/cli/top/top-state.ts";
import { lookAt } from "./look-fixture.ts";

const LOOKING: TopState = { ...TOP_START, look: lookAt() };

/** What comes of keys: the last state, and everything that was asked for. */
function after(typed: string, from: TopState = LOOKING) {
  const effects: TopEffect[] = [];
  let state = from;
  for (const key of keysIn(typed)) {
    const step = onKey(state, key);
    state = step.state;
    if (step.effect !== undefined) effects.push(step.effect);
  }
  return { state, effects };
}

/** The version that is chosen. */
function chosenIn(state: TopState): string {
  const { rows, chosen } = shownRows(state);
  const { service, version } = rows[chosen] ?? {};
  return `${service}/${version}`;
}

const DOWN = "\u001B[B";
const UP = "\u001B[A";
const BACK = "\u007F";

describe("onKey()", () => {
  test("chooses versions, and stops at both ends", () => {
    expect(chosenIn(LOOKING)).toBe("api/v1");
    expect(chosenIn(after(DOWN + DOWN).state)).toBe("shop/v1");
    expect(chosenIn(after("jjjjjjj").state)).toBe("shop/v2");
    expect(chosenIn(after(`${DOWN}${UP}kk`).state)).toBe("api/v1");
  });

  test("shifts in three steps: what, what that would do, yes", () => {
    // The chosen version's name stands there already.
    const asked = after(`s${BACK}${BACK}2=3x${BACK}0%\r`);
    const act = { kind: "shift", service: "api", weights: "v2=30%" };
    expect(asked.effects).toEqual([{ kind: "plan", act }]);
    expect(asked.state.mode.kind).toBe("wait");
    const mode = { kind: "confirm", act, about: ["…"] } as TopState["mode"];
    expect(after("y", { ...asked.state, mode }).effects).toEqual([{ kind: "do", act }]);
    const no = after("n", { ...asked.state, mode });
    expect([no.effects, no.state.mode.kind]).toEqual([[], "look"]);
    expect(no.state.message?.text).toBe("nothing was done");
  });

  test.each([
    ["d", { kind: "state", service: "api", version: "v2", state: "drain" }],
    ["r", { kind: "state", service: "api", version: "v2", state: "ready" }],
    ["p", { kind: "pause", service: "api" }],
    ["a", { kind: "shift", service: "api", weights: "v1=100%" }],
    ["c", { kind: "confirm", service: "api" }],
  ])("asks what %s would do before anything is done", (key, act) => {
    expect(after(DOWN + key).effects).toEqual([{ kind: "plan", act }]);
  });

  test("aborts the rollout of a service that has one", () => {
    const rollouts = [{ service: "api", phase: "progressing", to: "v2" }];
    const look = { ...lookAt(), rollouts };
    const act = { kind: "abort", service: "api" };
    expect(after("a", { ...TOP_START, look }).effects).toEqual([{ kind: "plan", act }]);
    expect(after(`${DOWN}${DOWN}a`, { ...TOP_START, look }).effects).toEqual([
      { kind: "plan", act: { kind: "shift", service: "shop", weights: "v1=100%" } },
    ]);
  });

  test("does nothing to what is not there", () => {
    const empty = { ...LOOKING, find: "none" };
    expect(after("sdra", empty).effects).toEqual([]);
    expect(after("sdra", TOP_START).effects).toEqual([]);
  });

  test("types s, d and q where a name is looked for", () => {
    const found = after(`/shq${BACK}`);
    expect([found.effects, found.state.find, found.state.mode.kind]).toEqual([[], "sh", "find"]);
    expect(chosenIn(after("\r", found.state).state)).toBe("shop/v1");
    expect(after("\u001B", found.state).state.find).toBe("");
  });

  test("goes through the orders, and back from the help", () => {
    expect(["o", "oo", "ooo"].map((keys) => after(keys).state.order)).toEqual([
      "rate",
      "errors",
      "name",
    ]);
    expect(after("?").state.mode.kind).toBe("help");
    expect(after("?q")).toMatchObject({ effects: [], state: { mode: { kind: "look" } } });
  });

  test.each(["look", "help", "wait", "find"])("ends by Ctrl-C while it is at %s", (kind) => {
    const mode = { kind, text: "" } as TopState["mode"];
    expect(after("\u0003", { ...LOOKING, mode }).effects).toEqual([{ kind: "quit" }]);
  });

  test("ends by q, and takes no key while the API is asked", () => {
    expect(after("q").effects).toEqual([{ kind: "quit" }]);
    expect(after("dq").effects).toHaveLength(1);
  });
});

test("keysIn() tells keys apart that come at once, and leaves out what it does not know", () => {
  expect(keysIn("a\u001B[A\u001B[5~\u001BOBé\r\u001B")).toEqual([
    "a",
    "up",
    "down",
    "enter",
    "escape",
  ]);
});
