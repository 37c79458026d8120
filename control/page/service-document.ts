import type { ServiceView } from "../views/service-view.ts";
import type { EndpointRules } from "./endpoints-table.tsx";

/** What the page reads of a service's document: see docs/configuration.md. */
export type ServiceDocumentView = {
  readonly affinity?: {
    readonly header?: string;
    readonly cookie?: string | { readonly name?: string };
    readonly clientIp?: boolean;
  };
  readonly healthCheck?: unknown;
  readonly slowStart?: string | number;
  readonly versions?: Readonly<Record<string, { readonly consul?: unknown }>>;
};

/** By what the same people get the same version, in words. */
export function stickyText({ affinity }: ServiceDocumentView): string {
  if (affinity === undefined) return "not sticky";
  const { header, cookie } = affinity;
  if (header !== undefined) return `sticky by ${header.toLowerCase()}`;
  if (cookie === undefined) return "sticky by address";
  return `sticky by cookie ${typeof cookie === "string" ? cookie : (cookie.name ?? "")}`;
}

/** What limits and mirroring have come to so far, in words. "": nothing. */
export function policyText({ shed, shadow }: Pick<ServiceView, "shed" | "shadow">): string {
  return [
    ...(shed > 0 ? [`${shed} requests shed by limits`] : []),
    ...(shadow ? [`${shadow.different} of ${shadow.compared} mirrored answers differ`] : []),
  ].join(" · ");
}

/** Whether somebody looks after the health of its endpoints, and how slowly they start. */
export function rulesOf(document: ServiceDocumentView): EndpointRules {
  const { healthCheck, versions = {}, slowStart = "0s" } = document;
  const isFound = Object.values(versions).some(({ consul }) => consul !== undefined);
  return { isChecked: healthCheck !== undefined || isFound, slowStartMs: durationMs(slowStart) };
}

const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** `30s` in milliseconds. 0: it cannot be read. */
function durationMs(text: string | number): number {
  const [, digits = "0", unit = ""] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(String(text)) ?? [];
  return Number(digits) * (UNITS_MS[unit] ?? 0);
}
