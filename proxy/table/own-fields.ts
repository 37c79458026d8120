/**
 * Fields that only Sluice writes, because it relies on them: where a message ends, whom it is for,
 * what its connection does, who sent it, and whether it goes in a circle. Filters may not touch
 * them either: see proxy/filters/field-rules.ts.
 */
const OWN: ReadonlySet<string> = new Set([
  "cdn-loop",
  "connection",
  "content-length",
  "expect",
  "forwarded",
  "host",
  "http2-settings",
  "keep-alive",
  "max-forwards",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "sec-websocket-accept",
  "sec-websocket-key",
  "sec-websocket-version",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "via",
]);

/**
 * Whether only Sluice writes the field, in whatever case, and with `_` for `-` as some gateways
 * read it.
 */
export function isOwnField(name: string): boolean {
  const folded = name.toLowerCase();
  if (OWN.has(folded)) return true;
  const dashed = folded.replaceAll("_", "-");
  return (
    dashed.startsWith("x-forwarded-") ||
    (folded !== dashed && /^(?:content-length|transfer-encoding|forwarded)$/.test(dashed))
  );
}
