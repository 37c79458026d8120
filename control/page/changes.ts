import { partText } from "./texts.ts";
import type { PageEvent } from "./told-event.ts";

/** A line of what happened to a service. */
export type Change = {
  /** Of its event. */
  readonly id: string;
  readonly time: string;
  /** "": nobody, it happened. */
  readonly who: string;
  readonly what: string;
  readonly text: string;
};

/** What each kind of event says besides its name. Kinds that are absent are no changes. */
const TEXTS: Readonly<Record<string, (event: PageEvent) => string>> = {
  revision: ({ revision, reason }) => `→ revision ${String(revision)}${because(reason)}`,
  shift: ({ before, after }) => `${weightsText(before)} → ${weightsText(after)}`,
  rollout: ({ phase, share, text }) =>
    `${String(phase)}, ${Math.round(Number(share) * 100)} %${because(text)}`,
  health: ({ endpoint, healthy, reason }) =>
    `${endpoint ?? ""} ${healthy === true ? "healthy" : "unhealthy"}${because(reason)}`,
  ejection: ({ endpoint, failures }) => `${endpoint ?? ""} after ${String(failures)} failures`,
  readmission: ({ endpoint }) => `${endpoint ?? ""} is back`,
  panic: ({ version, usable, endpoints }) =>
    `${version ?? ""}: ${String(usable)} of ${String(endpoints)} usable`,
  "migration-stopped": ({ version, reason }) => `${version ?? ""}${because(reason)}`,
  "migration-ended": ({ version }) => version ?? "",
  "service-refused": () => "a stored document cannot be used",
  filter: ({ filter }) => String(filter),
};

/** What happened to a service, oldest first; a shift once, with who made it and why. */
export function changeLines(events: readonly PageEvent[]): readonly Change[] {
  return events.flatMap((event) => {
    const { id, time, kind, revision, action } = event;
    const text = TEXTS[kind];
    if (text === undefined || (kind === "revision" && action === "shift")) return [];
    const made = kind === "shift" ? events.find((each) => isShiftTo(each, revision)) : undefined;
    const who = textOf(made?.["actor"] ?? event["actor"]);
    const what = kind === "revision" ? String(action) : kind;
    const line = text(event) + because(made?.["reason"]);
    return [{ id: `${time} ${id}`, time, who, what, text: line }];
  });
}

function isShiftTo(event: PageEvent, revision: unknown): boolean {
  return event.kind === "revision" && event["action"] === "shift" && event["revision"] === revision;
}

/**
 * Weights as the command line takes them; as shares, which people can compare, unless they add up
 * to 100 anyway. `undefined`: none.
 */
export function weightsText(weights: unknown): string {
  const entries = Object.entries((weights ?? {}) as Record<string, number>);
  const sum = entries.reduce((all, [, weight]) => all + weight, 0);
  const textOfWeight = (weight: number): string =>
    sum === 100 || sum === 0 ? `${weight}` : partText(weight / sum).replace(" ", "");
  return entries.map(([version, weight]) => `${version}=${textOfWeight(weight)}`).join(" ");
}

function because(reason: unknown): string {
  const text = textOf(reason);
  return text === "" ? "" : `: ${text}`;
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
