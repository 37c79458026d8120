import { isIP } from "node:net";
import { z } from "zod";
import type { ListenerTls } from "../../proxy/table/tls.ts";
import { canonicalHost } from "./address.ts";
import { duration, hostPattern, list, strict, text, whole } from "./schema-parts.ts";
import { identityId, trustId } from "./tls-files.ts";
import type { ServiceTls, TlsFiles } from "./tls-files.ts";

/** Certificates of one listener: each is a context of OpenSSL, some 100 KiB, in every worker. */
const CERTIFICATES_MAX = 256;

/** Names of one certificate: certification authorities allow as many at most. */
const NAMES_MAX = 100;

/** SANs that a service accepts: each is compared with those of every new connection. */
const SANS_MAX = 64;

/** Handshakes under way at once in one worker: each holds a socket and some 50 KiB. */
const HANDSHAKES_MAX = 100_000;

const VERSION_WANTED = '"1.2" or "1.3"';

/** YAML reads 1.2 as a number, so both ways of writing it are accepted. */
const minVersion = z
  .union([z.enum(["1.2", "1.3"]), z.literal([1.2, 1.3])], { error: VERSION_WANTED })
  .transform((version): "1.2" | "1.3" => (Number(version) === 1.3 ? "1.3" : "1.2"));

/** `listeners[].tls`. */
export const listenerTlsSchema = strict({
  certificates: list(
    strict({ cert: text, key: text, names: list(hostPattern, NAMES_MAX).optional() }),
    CERTIFICATES_MAX,
  ).min(1, { error: "at least one certificate" }),
  minVersion: minVersion.default("1.2"),
  clientCert: z.enum(["none", "request", "require"]).default("none"),
  clientCa: text.optional(),
  forwardClientCert: z.enum(["off", "set"]).default("off"),
  handshakesMax: whole(1, HANDSHAKES_MAX).default(1_000),
  replacedMaxAge: duration.prefault("1h"),
});

/** A listener's TLS as it is read. */
type ReadListenerTls = z.output<typeof listenerTlsSchema>;

/** A listener's TLS in the form that workers get. */
export function toListenerTls(read: ReadListenerTls): ListenerTls {
  const { minVersion: least, clientCert, clientCa, forwardClientCert, handshakesMax } = read;
  return {
    identities: read.certificates.map(({ cert }) => identityId(cert)),
    minVersion: least,
    clientCert,
    trust: clientCa === undefined ? undefined : trustId(clientCa),
    forwardClientCert,
    handshakesMax,
    replacedMaxAgeMs: read.replacedMaxAge,
  };
}

/** The files that a listener's TLS is made of. */
export function listenerTlsFiles({ certificates, clientCa }: ReadListenerTls): TlsFiles {
  return {
    certificates: certificates.map(({ cert, key, names }) => ({ cert, key, names })),
    ca: clientCa,
  };
}

const NAME_WANTED = "a host name such as web.internal";

const serverName = z
  .string({ error: NAME_WANTED })
  .transform((value) => canonicalHost(value) ?? "")
  // SNI has no addresses (RFC 6066 section 3).
  .refine((host) => host !== "" && isIP(host) === 0 && !host.startsWith("["), {
    error: NAME_WANTED,
  });

const SAN_WANTED = "a URI such as spiffe://mesh/web, or a host name";

/** An absolute URI (RFC 3986 section 4.3), as it stands in a certificate. */
const URI = /^[A-Za-z][A-Za-z0-9+.-]*:[!-~]{1,2048}$/;

const san = z
  .string({ error: SAN_WANTED })
  .transform((value) => (value.includes("://") ? value : (hostPattern.safeParse(value).data ?? "")))
  .refine((value) => value !== "" && (!value.includes("://") || URI.test(value)), {
    error: SAN_WANTED,
  });

/** A service's `upstream`. */
export const upstreamSchema = strict({
  tls: strict({
    ca: text.optional(),
    serverName: serverName.optional(),
    cert: text.optional(),
    key: text.optional(),
    sans: list(san, SANS_MAX).default([]),
    insecure: z.boolean().default(false),
  }).optional(),
});

/** A service's `upstream` as it is read. */
export type ReadUpstream = z.output<typeof upstreamSchema>;

/** TLS to a service's endpoints. undefined: they are reached in clear. */
export function toServiceTls(read: ReadUpstream | undefined): ServiceTls | undefined {
  if (read?.tls === undefined) return undefined;
  const { ca, cert, key, serverName: name, sans, insecure } = read.tls;
  const pair = cert === undefined || key === undefined ? [] : [{ cert, key, names: [] }];
  return {
    tls: {
      trust: ca === undefined ? undefined : trustId(ca),
      identity: cert === undefined ? undefined : identityId(cert),
      serverName: name,
      sans,
      insecure,
    },
    files: { certificates: pair, ca },
  };
}
