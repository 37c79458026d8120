import type { ServiceView } from "../views/service-view.ts";
import { spanText } from "./texts.ts";
import type { PageEvent } from "./told-event.ts";

/** An endpoint as the API shows it. */
export type EndpointView = ServiceView["versions"][string]["endpoints"][number];

/** What is known around an endpoint. */
export type Around = {
  /** Whether somebody looks after its health: probes, the registry or DNS. */
  readonly isChecked: boolean;
  /** How long one that comes back takes less than its share. 0: it does not. */
  readonly slowStartMs: number;
  /** Of its version, oldest first. */
  readonly events: readonly PageEvent[];
  readonly nowMs: number;
  /** Who has put it aside. */
  readonly asker: string;
};

/** Whether an endpoint works, and why it does not or only in part. */
export type EndpointWhy = {
  readonly kind: "bad" | "part" | "good" | "unknown";
  /** One word. */
  readonly state: string;
  /** A sentence; "": there is nothing to say. */
  readonly text: string;
};

/** Why an endpoint gets what it gets. */
export function whyOf(endpoint: EndpointView, around: Around): EndpointWhy {
  if (!endpoint.healthy) {
    const { reason: text = "the registry says so", panic } = endpoint;
    if (panic) return { kind: "part", state: "panic", text: `used, as too few are well: ${text}` };
    return { kind: "bad", state: "unhealthy", text };
  }
  if (endpoint.ejectedBy > 0) return ejected(endpoint);
  if (endpoint.state !== "ready") return putAside(endpoint.state, around.asker);
  const warmForMs = warmingForMs(endpoint, around);
  if (warmForMs > 0) {
    const text = `takes less than its share for ${spanText(warmForMs)} more`;
    return { kind: "part", state: "warming", text };
  }
  if (around.isChecked) return { kind: "good", state: "healthy", text: "" };
  return { kind: "unknown", state: "unchecked", text: "no health check asks it" };
}

/** Instances of the registry that cannot be used, with why: of the last event about them. */
export function refusedOf(events: readonly PageEvent[]): readonly string[] {
  const last = events.findLast(({ kind }) => kind === "endpoints");
  const refused = last?.["refused"];
  return Array.isArray(refused) ? refused.map(String) : [];
}

function ejected({ ejectedBy, ejectedForMs }: EndpointView): EndpointWhy {
  const by = ejectedBy === 1 ? "1 worker" : `${ejectedBy} workers`;
  const text = `its requests failed: ${by} will try it again within ${spanText(ejectedForMs)}`;
  return { kind: "bad", state: "ejected", text };
}

function putAside(state: "drain" | "maint", asker: string): EndpointWhy {
  return { kind: "part", state, text: `${asker} asked for it; others get its requests` };
}

/** Slow start begins when an endpoint becomes usable, of which an event tells. */
function warmingForMs({ address }: EndpointView, around: Around): number {
  const { slowStartMs, events, nowMs } = around;
  if (slowStartMs === 0) return 0;
  const last = events.findLast((event) => makesUsable(event, address));
  return last === undefined ? 0 : Math.max(0, Date.parse(last.time) + slowStartMs - nowMs);
}

function makesUsable(event: PageEvent, address: string): boolean {
  const { kind, endpoint } = event;
  if (kind === "readmission") return endpoint === address;
  if (kind === "health") return endpoint === address && event["healthy"] === true;
  const added = event["added"];
  return kind === "endpoints" && Array.isArray(added) && added.includes(address);
}
