import { normalisePath } from "./normalise-path.ts";
import type { PathMatch } from "./snapshot.ts";

/**
 * The path of a request with `replacement` in the place of what the route matches: all of an exact
 * path, or a prefix. What follows a prefix stays as it was sent, unless it would lead out of where
 * it matched: then it is in normal form. `raw`: as sent; `path`: the same in normal form.
 */
export function rewrittenPath(
  { raw, path }: { readonly raw: string; readonly path: string },
  match: PathMatch | undefined,
  replacement: string,
): string {
  if (match?.kind === "exact") return replacement;
  const prefix = match === undefined ? "" : match.path.replace(/\/$/, "");
  const rest = restOf(raw, path, prefix);
  const whole = replacement.replace(/\/$/, "") + rest;
  return whole === "" ? "/" : whole;
}

/** The rest by itself must mean what it means behind the prefix: no dot segment may leave it. */
function restOf(raw: string, path: string, prefix: string): string {
  const sent = raw.slice(prefix.length);
  const isWhole = raw.startsWith(prefix) && (sent === "" || sent.startsWith("/"));
  const meant = path.slice(prefix.length);
  return isWhole && (sent === "" ? meant === "" : normalisePath(sent) === meant) ? sent : meant;
}
