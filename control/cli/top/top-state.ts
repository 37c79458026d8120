import type { Look } from "./look.ts";
import { TOP_ORDERS, topRows } from "./top-rows.ts";
import type { TopOrder, TopRow } from "./top-rows.ts";

/** What somebody who looks can do to what they see. */
export type TopAct =
  | { readonly kind: "shift"; readonly service: string; readonly weights: string }
  | {
      readonly kind: "state";
      readonly service: string;
      readonly version: string;
      readonly state: "drain" | "ready";
    }
  | { readonly kind: "pause" | "abort" | "confirm"; readonly service: string };

/** What the keys mean now. */
export type TopMode =
  | { readonly kind: "look" }
  | { readonly kind: "help" }
  | { readonly kind: "find"; readonly text: string }
  | { readonly kind: "shift"; readonly service: string; readonly text: string }
  /** `about`: what the act would do, a line each. */
  | { readonly kind: "confirm"; readonly act: TopAct; readonly about: readonly string[] }
  /** The API is asked. */
  | { readonly kind: "wait"; readonly text: string };

/** Everything that a frame is drawn from. */
export type TopState = {
  /** undefined: nothing has been seen yet. */
  readonly look: Look | undefined;
  readonly mode: TopMode;
  readonly order: TopOrder;
  /** Part of the names of services that are shown. "": all are. */
  readonly find: string;
  /** A version. undefined: the first there is. */
  readonly chosen: { readonly service: string; readonly version: string } | undefined;
  /** What came of the last act. undefined: nothing to say. */
  readonly message: { readonly text: string; readonly isError: boolean } | undefined;
};

/** What a key asks of whoever can do it. */
export type TopEffect =
  | { readonly kind: "quit" }
  /** Find out what the act would do. */
  | { readonly kind: "plan"; readonly act: TopAct }
  | { readonly kind: "do"; readonly act: TopAct };

/** A state, and what is to be done. undefined: nothing. */
export type TopStep = { readonly state: TopState; readonly effect?: TopEffect | undefined };

/** At the beginning. */
export const TOP_START: TopState = {
  look: undefined,
  mode: { kind: "look" },
  order: "name",
  find: "",
  chosen: undefined,
  message: undefined,
};

/** The rows that are shown, and which of them is the chosen version's. */
export function shownRows(state: TopState): {
  readonly rows: readonly TopRow[];
  /** -1: there is none. */
  readonly chosen: number;
} {
  if (state.look === undefined) return { rows: [], chosen: -1 };
  const rows = topRows(state.look, state.order, state.find);
  const { chosen } = state;
  const at = rows.findIndex(
    ({ service, version }) => service === chosen?.service && version === chosen.version,
  );
  const first = rows.findIndex(({ version }) => version !== undefined);
  return { rows, chosen: at === -1 ? first : at };
}

/** What a key does. `key`: of keysIn(). */
export function onKey(state: TopState, key: string): TopStep {
  if (key === "ctrl-c") return { state, effect: { kind: "quit" } };
  const { mode } = state;
  switch (mode.kind) {
    case "look":
      return onLookKey({ ...state, message: undefined }, key);
    case "help":
      return { state: { ...state, mode: { kind: "look" } } };
    case "find":
      return onFindKey(state, mode.text, key);
    case "shift":
      return onShiftKey(state, mode, key);
    case "confirm":
      return onConfirmKey(state, mode.act, key);
    case "wait":
      return { state };
  }
}

function onLookKey(state: TopState, key: string): TopStep {
  const { rows, chosen } = shownRows(state);
  const row = rows[chosen];
  switch (key) {
    case "q":
      return { state, effect: { kind: "quit" } };
    case "?":
    case "h":
      return { state: { ...state, mode: { kind: "help" } } };
    case "/":
      return { state: { ...state, mode: { kind: "find", text: state.find } } };
    case "escape":
      return { state: { ...state, find: "" } };
    case "up":
    case "k":
      return { state: moved(state, -1) };
    case "down":
    case "j":
      return { state: moved(state, 1) };
    case "o":
      return { state: { ...state, order: nextOrder(state.order) } };
    case "s":
    case "d":
    case "r":
    case "p":
    case "a":
    case "c":
      return row?.version === undefined
        ? { state }
        : onActKey(state, key, row.service, row.version);
    default:
      return { state };
  }
}

function onActKey(
  state: TopState,
  key: "s" | "d" | "r" | "p" | "a" | "c",
  service: string,
  version: string,
): TopStep {
  if (key === "s") {
    return { state: { ...state, mode: { kind: "shift", service, text: `${version}=` } } };
  }
  if (key === "a") return planned(state, abortOf(state, service));
  if (key === "p") return planned(state, { kind: "pause", service });
  if (key === "c") return planned(state, { kind: "confirm", service });
  return planned(state, {
    kind: "state",
    service,
    version,
    state: key === "d" ? "drain" : "ready",
  });
}

/** Everything back: of a rollout if one goes on, which would take the weights back otherwise. */
function abortOf({ look }: TopState, service: string): TopAct {
  const isRolled = look?.rollouts.some((each) => each.service === service) ?? false;
  const stable = look?.services.find(({ name }) => name === service)?.stable;
  if (isRolled || stable === undefined) return { kind: "abort", service };
  return { kind: "shift", service, weights: `${stable}=100%` };
}

/** Nothing happens before somebody has read what would. */
function planned(state: TopState, act: TopAct): TopStep {
  const mode = { kind: "wait", text: "asking what that would do …" } as const;
  return { state: { ...state, mode }, effect: { kind: "plan", act } };
}

function onFindKey(state: TopState, text: string, key: string): TopStep {
  if (key === "escape") return { state: { ...state, mode: { kind: "look" }, find: "" } };
  if (key === "enter") return { state: { ...state, mode: { kind: "look" } } };
  const find = typed(text, key);
  return { state: { ...state, find, mode: { kind: "find", text: find } } };
}

function onShiftKey(
  state: TopState,
  { service, text }: { readonly service: string; readonly text: string },
  key: string,
): TopStep {
  if (key === "escape") return { state: { ...state, mode: { kind: "look" } } };
  if (key === "enter") return planned(state, { kind: "shift", service, weights: text.trim() });
  return { state: { ...state, mode: { kind: "shift", service, text: typed(text, key) } } };
}

function onConfirmKey(state: TopState, act: TopAct, key: string): TopStep {
  if (key !== "y") {
    const message = { text: "nothing was done", isError: false };
    return { state: { ...state, mode: { kind: "look" }, message } };
  }
  const mode = { kind: "wait", text: "…" } as const;
  return { state: { ...state, mode }, effect: { kind: "do", act } };
}

/** Longest text that can be typed. */
const TYPED_MAX = 200;

function typed(text: string, key: string): string {
  if (key === "backspace") return text.slice(0, -1);
  return key.length === 1 && text.length < TYPED_MAX ? text + key : text;
}

function nextOrder(order: TopOrder): TopOrder {
  return TOP_ORDERS[(TOP_ORDERS.indexOf(order) + 1) % TOP_ORDERS.length] ?? "name";
}

/** The next version up or down; services as a whole are passed over. */
function moved(state: TopState, by: -1 | 1): TopState {
  const { rows, chosen } = shownRows(state);
  for (let at = chosen + by; at >= 0 && at < rows.length; at += by) {
    const { service, version } = rows[at] ?? {};
    if (service !== undefined && version !== undefined) {
      return { ...state, chosen: { service, version } };
    }
  }
  return state;
}

const NAMES: Readonly<Record<string, string>> = {
  "\u0003": "ctrl-c",
  "\u0004": "ctrl-c",
  "\r": "enter",
  "\n": "enter",
  "\u007F": "backspace",
  "\b": "backspace",
  "\u001B": "escape",
  "\u001B[A": "up",
  "\u001B[B": "down",
  "\u001BOA": "up",
  "\u001BOB": "down",
};

/** One escape sequence of a key (ECMA-48 CSI, or SS3), or one character. */
// oxlint-disable-next-line no-control-regex -- keys are sent as controls
const KEY = /\u001B(?:\[[0-?]*[ -/]*[@-~]|O[@-~])?|[^]/gu;

/** What was typed, a key each: a character, or a name such as `enter`. Others are left out. */
export function keysIn(text: string): readonly string[] {
  const keys = text.match(KEY) ?? [];
  return keys.flatMap((key) => {
    if (Object.hasOwn(NAMES, key)) return NAMES[key] ?? [];
    return /^[ -~]$/.test(key) ? key : [];
  });
}
