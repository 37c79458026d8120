import { isIP } from "node:net";
import { z } from "zod";
import { ROLES } from "../base/roles.ts";
import type { Role } from "../base/roles.ts";
import { canonicalHost, isLoopbackBind } from "./address.ts";
import { list, matching, name, strict, text } from "./schema-parts.ts";

/** Tokens in one list: each is compared with whatever a caller sends. */
const TOKENS_MAX = 1024;

/** Entries for certificates: each is compared with the names of whichever comes. */
const CERTS_MAX = 1024;

/** Services that one credential may be limited to; whoever has more of them has all. */
const OWN_SERVICES_MAX = 256;

const INSTANT_WANTED = "a day or an instant in UTC, such as 2027-01-01 or 2027-01-01T12:00:00Z";

/** Milliseconds since the Unix epoch. A day ends a credential where the day begins. */
const instant = z.string({ error: INSTANT_WANTED }).transform((value, context): number => {
  const isInstant = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}:\d{2}Z)?$/.test(value);
  const ms = isInstant ? Date.parse(value) : Number.NaN;
  // Date.parse() takes February 30 for March 2.
  if (Number.isFinite(ms) && new Date(ms).toISOString().startsWith(value.slice(0, 10))) return ms;
  context.addIssue({ code: "custom", message: INSTANT_WANTED });
  return z.NEVER;
});

/** What a credential may do. */
const grantShape = {
  role: z.enum(ROLES),
  services: list(name, OWN_SERVICES_MAX).optional(),
};

const LIMITED_READER = {
  path: ["services"],
  error: "no list for the role read, which may look at all services and change none",
};

function isNoLimitedReader(grant: {
  readonly role: Role;
  readonly services?: readonly string[] | undefined;
}): boolean {
  return grant.role !== "read" || grant.services === undefined;
}

const URI_WANTED = "a URI such as spiffe://mesh/ci, as it stands in the certificate";

const sanUri = matching(/^[A-Za-z][A-Za-z0-9+.-]*:[!-~]{1,2048}$/, URI_WANTED);

const HOST_NAME_WANTED = "a host name such as ci.internal, as it stands in the certificate";

const hostName = z.string({ error: HOST_NAME_WANTED }).transform((value, context): string => {
  const host = canonicalHost(value);
  if (host !== undefined && isIP(host) === 0 && !host.startsWith("[")) return host;
  context.addIssue({ code: "custom", message: HOST_NAME_WANTED });
  return z.NEVER;
});

const tokenEntry = strict({
  name,
  ...grantShape,
  sha256: matching(/^[0-9a-f]{64}$/, "the SHA-256 of a token in 64 hexadecimal digits"),
  expires: instant.optional(),
})
  .refine(isNoLimitedReader, LIMITED_READER)
  .transform((read) => ({
    name: read.name,
    role: read.role,
    /** undefined: all. */
    services: read.services,
    sha256: read.sha256,
    /** In milliseconds since the Unix epoch. undefined: never. */
    expiresMs: read.expires,
  }));

const tokens = list(tokenEntry, TOKENS_MAX)
  .refine((all) => isDistinct(all.map((each) => each.name)), { error: "each name once" })
  .refine((all) => isDistinct(all.map((each) => each.sha256)), { error: "each token once" });

/** What a file of tokens holds. */
export const tokenFileSchema = strict({ tokens });

/** A token as the configuration knows it: never the token itself. */
export type TokenEntry = z.output<typeof tokenEntry>;

const CERT_WANTED = "one of uri and dns";

const certEntry = strict({ uri: sanUri.optional(), dns: hostName.optional(), ...grantShape })
  .refine((read) => (read.uri === undefined) !== (read.dns === undefined), { error: CERT_WANTED })
  .refine(isNoLimitedReader, LIMITED_READER);

const certs = list(certEntry, CERTS_MAX).refine(
  (all) => isDistinct(all.map(({ uri, dns = "" }) => uri ?? dns)),
  { error: "each name once" },
);

/** Whom a client certificate stands for, by one of its SANs, and what they may do. */
export type CertEntry = z.output<typeof certEntry>;

/** Only such as need no secret at our end, and none that means no signature. */
const JWT_ALGORITHMS = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
  "Ed25519",
] as const;

const JWKS_WANTED =
  "a file, or a URL with https:// (http:// on loopback) without user, query or fragment";

const jwt = strict({
  issuer: text,
  audience: text,
  jwks: text.refine(isKeySetPlace, { error: JWKS_WANTED }),
  algorithms: list(z.enum(JWT_ALGORITHMS), JWT_ALGORITHMS.length)
    .min(1, { error: "at least one algorithm" })
    .default(["RS256", "ES256"]),
  roleClaim: text.default("role"),
  servicesClaim: text.optional(),
});

/** Whose JSON Web Tokens are taken, and where in them it stands what they may do. */
export type JwtConfig = z.output<typeof jwt>;

const credentials = strict({
  tokens: tokens.default([]),
  tokenFile: text.optional(),
  certs: certs.default([]),
  jwt: jwt.optional(),
}).refine(hasOne, { error: "at least one of tokens, tokenFile, certs and jwt, or off" });

/** `control.auth`; undefined: off, whoever can connect may do everything. */
export const authSchema = z.preprocess(
  // Not a union, whose errors would not say what is wrong inside.
  (written) => (written === "off" ? undefined : written),
  credentials.optional(),
);

/** The credentials that callers of the API may have. */
export type AuthConfig = z.output<typeof credentials>;

function hasOne(read: {
  readonly tokens: readonly unknown[];
  readonly tokenFile?: unknown;
  readonly certs: readonly unknown[];
  readonly jwt?: unknown;
}): boolean {
  const lists = read.tokens.length + read.certs.length;
  return lists > 0 || read.tokenFile !== undefined || read.jwt !== undefined;
}

/** A path, or a URL whose answer nobody on the way can have made. */
function isKeySetPlace(place: string): boolean {
  if (!/^[A-Za-z][A-Za-z0-9+.-]*:\/\//.test(place)) return true;
  const url = URL.parse(place);
  if (url === null || url.username + url.password + url.search + url.hash !== "") return false;
  if (url.protocol === "https:") return true;
  return url.protocol === "http:" && isLoopbackBind(`${url.hostname}:80`);
}

function isDistinct(names: readonly string[]): boolean {
  return new Set(names).size === names.length;
}
