import { isIP } from "node:net";
import { z } from "zod";
import type { ListenerTls, UpstreamTls } from "../../proxy/table/tls.ts";
import { canonicalHost } from "./address.ts";
import { duration, hostPattern, list, strict, text, whole } from "./schema-parts.ts";
import type { CrossProblem } from "./cross-problem.ts";
import { CONNECT_IDENTITY, CONNECT_TRUST, identityId, trustId } from "./tls-files.ts";
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

const listenerTls = strict({
  connect: z.literal(true, { error: "true" }).optional(),
  certificates: list(
    strict({ cert: text, key: text, names: list(hostPattern, NAMES_MAX).optional() }),
    CERTIFICATES_MAX,
  )
    .min(1, { error: "at least one certificate" })
    .optional(),
  minVersion: minVersion.default("1.2"),
  clientCert: z.enum(["none", "request", "require"]).optional(),
  clientCa: text.optional(),
  forwardClientCert: z.enum(["off", "set"]).default("off"),
  handshakesMax: whole(1, HANDSHAKES_MAX).default(1_000),
  replacedMaxAge: duration.prefault("1h"),
});

/** `listeners[].tls`; `connect` is short for `{ connect: true }`. */
export const listenerTlsSchema = z.preprocess(
  (value) => (value === "connect" ? { connect: true } : value),
  listenerTls.superRefine((read, context) => {
    for (const { path, wanted, found } of certificateFlaws(read)) {
      context.addIssue({ code: "custom", path: [...path], message: wanted, params: { found } });
    }
  }),
);

/** A mesh has certificates, roots and rules of its own; everything else brings them. */
function certificateFlaws(read: z.output<typeof listenerTls>): CrossProblem[] {
  const { connect, certificates, clientCert, clientCa } = read;
  if (connect === undefined) {
    const wanted = "at least one certificate, or tls: connect";
    return certificates === undefined ? [{ path: ["certificates"], wanted, found: "nothing" }] : [];
  }
  const given = Object.entries({ certificates, clientCert, clientCa });
  return given.flatMap(([key, value]) =>
    value === undefined
      ? []
      : [{ path: [key], wanted: `no ${key} beside connect: the mesh has them`, found: "some" }],
  );
}

/** A listener's TLS as it is read. */
type ReadListenerTls = z.output<typeof listenerTlsSchema>;

/** A listener's TLS in the form that workers get. */
export function toListenerTls(read: ReadListenerTls): ListenerTls {
  const { minVersion: least, forwardClientCert, handshakesMax, replacedMaxAge } = read;
  return {
    ...(read.connect ? CONNECT : identitiesOf(read)),
    minVersion: least,
    forwardClientCert,
    handshakesMax,
    replacedMaxAgeMs: replacedMaxAge,
  };
}

type ListenerIdentities = Pick<ListenerTls, "identities" | "clientCert" | "trust" | "intentions">;

const CONNECT: ListenerIdentities = {
  identities: [CONNECT_IDENTITY],
  clientCert: "require",
  trust: CONNECT_TRUST,
  intentions: true,
};

function identitiesOf({ certificates = [], ...read }: ReadListenerTls): ListenerIdentities {
  const { clientCert = "none", clientCa } = read;
  return {
    identities: certificates.map(({ cert }) => identityId(cert)),
    clientCert,
    trust: clientCa === undefined ? undefined : trustId(clientCa),
    intentions: false,
  };
}

/** The files that a listener's TLS is made of. */
export function listenerTlsFiles({ certificates = [], clientCa }: ReadListenerTls): TlsFiles {
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
  protocol: z.enum(["http/1.1", "h2", "auto"]).default("http/1.1"),
  connect: z.literal(true, { error: "true" }).optional(),
  proxyProtocol: z.enum(["v1", "v2"]).optional(),
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

/** Each endpoint has the name that its certificate must have: see EndpointSnapshot. */
const CONNECT_UPSTREAM: UpstreamTls = {
  trust: CONNECT_TRUST,
  identity: CONNECT_IDENTITY,
  serverName: undefined,
  sans: [],
  insecure: false,
};

/** TLS to a service's endpoints. undefined: they are reached in clear. */
export function toServiceTls(read: ReadUpstream | undefined): ServiceTls | undefined {
  if (read?.connect) return { tls: CONNECT_UPSTREAM, files: { certificates: [], ca: undefined } };
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
