import { hostname } from "node:os";
import { buildVersion } from "../base/build-version.ts";
import { attributesJson } from "../../proxy/tracing/span-json.ts";

/** What a collector has made of a batch. again: it may take it later. */
export type ExportOutcome =
  | { readonly kind: "taken"; readonly rejected: number }
  | { readonly kind: "refused" }
  | { readonly kind: "again" };

/** Statuses after which the same may be sent again (OTLP 1.x, "Failures" of OTLP/HTTP). */
const AGAIN: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/** The resource of all spans of this sidecar, as JSON. `instance`: tells sidecars apart. */
export function resourceJson(serviceName: string, instance: string): string {
  return attributesJson({
    "service.name": Buffer.from(serviceName).toString("latin1"),
    "service.version": buildVersion(),
    "service.instance.id": instance,
    "host.name": hostname(),
    "process.pid": process.pid,
  });
}

/** The body of a request for `/v1/traces`. `spans`: see SpanReport. */
export function exportBody(resource: string, spans: string): string {
  const scope = `"scope":{"name":"sluice"},"spans":[${spans}]`;
  return `{"resourceSpans":[{"resource":{"attributes":${resource}},"scopeSpans":[{${scope}}]}]}`;
}

/** Where spans go. `endpoint`: without `/v1/traces`. */
export function tracesUrl(endpoint: string): string {
  return `${endpoint.replace(/\/+$/, "")}/v1/traces`;
}

/** What an answer means. A collector may take a part of a batch, and says how much it did not. */
export function exportOutcome(status: number, text: string): ExportOutcome {
  if (AGAIN.has(status)) return { kind: "again" };
  if (status < 200 || status > 299) return { kind: "refused" };
  return { kind: "taken", rejected: rejectedOf(text) };
}

function rejectedOf(text: string): number {
  try {
    const answer = JSON.parse(text) as { partialSuccess?: { rejectedSpans?: unknown } } | null;
    const rejected = Number(answer?.partialSuccess?.rejectedSpans ?? 0);
    return Number.isSafeInteger(rejected) && rejected > 0 ? rejected : 0;
  } catch {
    // Whatever it says in place of JSON, it has taken them.
    return 0;
  }
}
