import { cookieValue } from "./cookie.ts";
import { queryText, queryValue } from "./query.ts";
import type { KeySource } from "./rate-limit.ts";
import type { RequestView } from "./request-view.ts";

/**
 * Reads a request's affinity key. undefined: the service is unkeyed, or the request does not carry
 * the key. An empty value counts as none, because otherwise all clients with an empty key would
 * share one version.
 */
export type KeyReader = (request: RequestView, clientAddress: string) => string | undefined;

/** The reader of keys from this source. */
export function keyReader(source: KeySource | undefined): KeyReader {
  if (!source) return () => undefined;
  switch (source.kind) {
    case "cookie":
      return (request) => cookieKey(request.header("cookie"), source.name);
    case "header":
      return (request) => request.header(source.name) || undefined;
    case "query": {
      const name = queryText(source.name);
      return (request) => queryValue(request.queryString, name) || undefined;
    }
    case "clientIp":
      return (_request, clientAddress) => clientAddress || undefined;
  }
}

function cookieKey(field: string | undefined, name: string): string | undefined {
  return field === undefined ? undefined : cookieValue(field, name) || undefined;
}
