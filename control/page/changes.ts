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
  "migration-stopped": ({ version, reason }) => `${version ?? ""}${because(reason)}`,
  "migration-ended": ({ version }) => version ?? "",
  "service-refused": () => "a stored document cannot be used",
  filter: ({ filter }) => String(filter),
};

/** What happened to a service, oldest first. */
export function changeLines(events: readonly PageEvent[]): readonly Change[] {
  return events.flatMap((event) => {
    const text = TEXTS[event.kind];
    if (text === undefined) return [];
    const { id, time, kind, actor = "", action } = event;
    const what = kind === "revision" ? String(action) : kind;
    return [{ id: `${time} ${id}`, time, who: String(actor), what, text: text(event) }];
  });
}

/** Weights as they are written on the command line. `undefined`: none. */
export function weightsText(weights: unknown): string {
  const entries = Object.entries((weights ?? {}) as Record<string, number>);
  return entries.map(([version, weight]) => `${version}=${weight}`).join(" ");
}

function because(reason: unknown): string {
  return typeof reason === "string" && reason !== "" ? `: ${reason}` : "";
}
