import { computed, signal } from "@preact/signals";
import type { TrafficAnswer } from "../api/traffic-routes.ts";
import type { FreezeList } from "../api/freeze-routes.ts";
import type { Stats } from "../api/stats-ticker.ts";
import type { RolloutView } from "../rollout/rollout-view.ts";
import type { Problems } from "../views/problems-view.ts";
import type { ServiceView } from "../views/service-view.ts";
import { caller, pathOfService, wordsOf } from "./call.ts";
import { follow } from "./follow.ts";
import type { Whoami } from "./may.ts";
import { withRemembered, withStats } from "./past.ts";
import type { Past } from "./past.ts";
import type { SseEvent } from "./sse-reader.ts";
import { withEvent } from "./told-event.ts";
import type { PageEvent } from "./told-event.ts";

/** What the page knows of the sidecar. Only this module writes it. */

/** The table, as the sidecar shows it. */
export type KnownTable = {
  readonly revision: number;
  readonly services: readonly ServiceView[];
  readonly countsMissing?: string;
};

/** Whether the sidecar is ready, and what is not well. */
export type Health = Partial<Problems> & {
  readonly ready: boolean;
  readonly reasons: readonly string[];
  readonly stale?: readonly string[];
};

const TOKEN_KEY = "sluice-token";
/** How often what no event tells of is asked for. */
const LOOK_MS = 5_000;
/** Events come in crowds: one look is for all of them. */
const CROWD_MS = 150;

/** "": none was entered. It lives as long as the tab. */
export const enteredToken = signal(sessionStorage.getItem(TOKEN_KEY) ?? "");
/** The API wants a token, or another one. */
export const wantsToken = signal(false);
/** undefined: nobody has said yet. */
export const whoami = signal<Whoami | undefined>(undefined);
/** undefined: not read yet. */
export const table = signal<KnownTable | undefined>(undefined);
/** undefined: not read yet. */
export const health = signal<Health | undefined>(undefined);
/** The latest first. */
export const rollouts = signal<readonly RolloutView[]>([]);
/** Those that have not ended. */
export const freezes = signal<FreezeList["freezes"]>([]);
/** undefined: none has come yet. */
export const stats = signal<Stats | undefined>(undefined);
/** Oldest first. */
export const told = signal<readonly PageEvent[]>([]);
/** What versions did, as far as this page has seen it. */
export const past = signal<Past>(new Map());
/** Since when nothing comes. undefined: it comes, or has not begun. */
export const lostSinceMs = signal<number | undefined>(undefined);
/** Of the wall clock, every second. */
export const nowMs = signal(Date.now());
/** Why the table cannot be read. undefined: it can. */
export const trouble = signal<string | undefined>(undefined);

/** Everything that is not well, the worst first. */
export const problems = computed(() => health.value?.problems ?? []);

const deps = {
  fetch: (path: string, init: RequestInit) => fetch(path, init),
  token: () => enteredToken.value,
  onUnauthenticated: () => void (wantsToken.value = true),
  isHeld: () => wantsToken.value,
};

/** Calls the control API as whoever has entered a token. */
export const call = caller(deps);

/** Uses another token from now on, if it holds: it is shown once to find out. @throws CallError */
export async function enterToken(text: string): Promise<void> {
  sessionStorage.setItem(TOKEN_KEY, text);
  enteredToken.value = text;
  whoami.value = await call<Whoami>("GET", "/v1/whoami");
  wantsToken.value = false;
  await look();
}

/** Reads what may have changed. */
export async function look(): Promise<void> {
  if (wantsToken.value) return;
  try {
    // First alone: a token that does not hold is shown once.
    whoami.value = await call<Whoami>("GET", "/v1/whoami");
    [table.value, health.value, { rollouts: rollouts.value }, { freezes: freezes.value }] =
      await Promise.all([
        call<KnownTable>("GET", "/v1/services"),
        call<Health>("GET", "/readyz"),
        call<{ readonly rollouts: readonly RolloutView[] }>("GET", "/v1/rollouts"),
        call<FreezeList>("GET", "/v1/freezes"),
      ]);
    trouble.value = undefined;
  } catch (error) {
    trouble.value = wordsOf(error);
  }
}

function sleep(forMs: number): Promise<unknown> {
  return new Promise((resolve) => setTimeout(resolve, forMs));
}

/** Asks how a service did before this page looked at it. */
export async function remember(service: string): Promise<void> {
  const path = pathOfService(service, "traffic");
  const answer = await call<TrafficAnswer>("GET", path).catch(() => undefined);
  if (answer !== undefined) past.value = withRemembered(past.value, service, answer.moments);
}

/** Begins to follow the sidecar, for as long as the page is there. */
export async function begin(): Promise<void> {
  await look();
  setInterval(() => {
    if (document.visibilityState === "visible") void look();
  }, LOOK_MS);
  setInterval(() => void (nowMs.value = Date.now()), 1_000);
  await follow({ ...deps, onEvent, onLive, sleep }, new AbortController().signal);
}

function onLive(live: boolean): void {
  if (!live) lostSinceMs.value ??= Date.now();
  else if (lostSinceMs.value !== undefined) {
    lostSinceMs.value = undefined;
    void look();
  }
}

let isLookDue = false;

function onEvent({ name, data }: SseEvent): void {
  if (name === "stats") {
    stats.value = JSON.parse(data) as Stats;
    past.value = withStats(past.value, stats.value);
    return;
  }
  if (name !== "gap") told.value = withEvent(told.value, JSON.parse(data) as PageEvent);
  if (isLookDue) return;
  isLookDue = true;
  setTimeout(() => {
    isLookDue = false;
    void look();
  }, CROWD_MS);
}
