import type { ResponseHead } from "./response-head.ts";

/** Where a cache of many clients is told what to do, most specific first (RFC 9213, RFC 9111). */
const CONTROLS = ["cdn-cache-control", "surrogate-control", "cache-control"] as const;

/**
 * Whether a response says that caches which serve many clients may store it (RFC 9111 section 3).
 * What is for one client must not be in it. Only what a response says itself counts: one that says
 * nothing could be stored by a guess, but hardly any page of an application says anything.
 * `wallMs`: now.
 */
export function isForSharedCaches(head: ResponseHead, wallMs: number): boolean {
  for (const name of CONTROLS) {
    const control = head.header(name);
    if (control !== undefined) return allowsStoring(control);
  }
  const expires = head.header("expires");
  return expires !== undefined && Date.parse(expires) > wallMs;
}

function allowsStoring(control: string): boolean {
  const directives = new Map<string, string>();
  for (const each of control.toLowerCase().split(",")) {
    const [name = "", value = ""] = each.trim().split("=", 2);
    directives.set(name, value);
  }
  // `private="X-Field"` is about a field alone, but who writes it thinks of one client.
  if (directives.has("private") || directives.has("no-store")) return false;
  if (directives.has("public")) return true;
  const ageS = directives.get("s-maxage") ?? directives.get("max-age") ?? "0";
  return Number(ageS.replaceAll('"', "")) > 0;
}
