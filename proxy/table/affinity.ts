import { cookieValue } from "./cookie.ts";
import { queryText, queryValue } from "./query.ts";
import type { RequestView } from "./request-view.ts";
import type { AffinitySnapshot } from "./snapshot.ts";

/**
 * Reads a request's affinity key. undefined: the service is unkeyed, or the request does not carry
 * the key. An empty value counts as none, because otherwise all clients with an empty key would
 * share one version.
 */
export type KeyReader = (request: RequestView, clientAddress: string) => string | undefined;

/** The reader for a service's affinity keys. */
export function keyReader(affinity: AffinitySnapshot | undefined): KeyReader {
  if (!affinity) return () => undefined;
  switch (affinity.kind) {
    case "cookie":
      return (request) => cookieKey(request.header("cookie"), affinity.name);
    case "header":
      return (request) => request.header(affinity.name) || undefined;
    case "query": {
      const name = queryText(affinity.name);
      return (request) => queryValue(request.queryString, name) || undefined;
    }
    case "clientIp":
      return (_request, clientAddress) => clientAddress || undefined;
  }
}

function cookieKey(field: string | undefined, name: string): string | undefined {
  return field === undefined ? undefined : cookieValue(field, name) || undefined;
}
