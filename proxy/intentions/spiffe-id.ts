/**
 * The parts of a SPIFFE id, by which the certificate of a service in Consul's mesh says who it is:
 * `spiffe://TRUST-DOMAIN[/ap/PARTITION]/ns/NAMESPACE/dc/DATACENTER/svc/SERVICE`.
 */
export type ServiceId = {
  /** In lower case: `15a114cf-c2a2-5fcb-7a84-a39234966ee0.consul`. */
  readonly trustDomain: string;
  /** `default` if the id has none. */
  readonly partition: string;
  readonly namespace: string;
  readonly datacenter: string;
  readonly service: string;
};

/** The partition of an id without `/ap/`. */
export const DEFAULT_PARTITION = "default";

/** The namespace of whatever has none, such as everything in free Consul. */
export const DEFAULT_NAMESPACE = "default";

/** Longest id that implementations must accept, in bytes (SPIFFE-ID section 2.3). */
const ID_BYTES_MAX = 2_048;

/** No user, port, query or fragment: a SPIFFE id has none (SPIFFE-ID section 2). */
const SERVICE_ID =
  /^spiffe:\/\/([a-z0-9._-]{1,255})(?:\/ap\/([^/]+))?\/ns\/([^/]+)\/dc\/([^/]+)\/svc\/([^/]+)$/;

/** A segment as written: Consul escapes what a path cannot hold. */
const SEGMENT = /^(?:[\w.~!$&'()+,;=:@-]|%[0-9A-Fa-f]{2})+$/;

/** A segment once unescaped. `*` would look like an intention's wildcard. */
// oxlint-disable-next-line no-control-regex
const FORBIDDEN = /[/*\u0000-\u001f\u007f]|^\.\.?$/;

/** Reads a service's id. undefined: it is none, such as a gateway's or an authority's. */
export function parseServiceId(uri: string): ServiceId | undefined {
  if (uri.length > ID_BYTES_MAX) return undefined;
  const [, trustDomain, ap, ...others] = SERVICE_ID.exec(uri) ?? [];
  const [partition, namespace, datacenter, service] = [ap ?? DEFAULT_PARTITION, ...others].map(
    readSegment,
  );
  const isWhole =
    trustDomain !== undefined &&
    partition !== undefined &&
    namespace !== undefined &&
    datacenter !== undefined &&
    service !== undefined;
  return isWhole ? { trustDomain, partition, namespace, datacenter, service } : undefined;
}

/**
 * The id in a certificate with these URIs: there must be exactly one (X509-SVID section 2).
 * undefined: nobody in the mesh.
 */
export function soleServiceId(uris: readonly string[]): ServiceId | undefined {
  const [uri, ...others] = uris;
  return uri === undefined || others.length > 0 ? undefined : parseServiceId(uri);
}

/** The id as Consul writes it. */
export function serviceIdText(id: ServiceId): string {
  const { trustDomain, partition } = id;
  const [ap, ns, dc, svc] = [partition, id.namespace, id.datacenter, id.service].map(
    encodeURIComponent,
  );
  const inPartition = partition === DEFAULT_PARTITION ? "" : `/ap/${ap}`;
  return `spiffe://${trustDomain}${inPartition}/ns/${ns}/dc/${dc}/svc/${svc}`;
}

function readSegment(written: string): string | undefined {
  if (!SEGMENT.test(written)) return undefined;
  try {
    const read = decodeURIComponent(written);
    return FORBIDDEN.test(read) ? undefined : read;
  } catch {
    return undefined;
  }
}
