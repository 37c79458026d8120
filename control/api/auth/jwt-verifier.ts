import { resolve } from "node:path";
import type { JSONWebKeySet, JWTPayload, LocalJWKSet } from "jose";
import type { Clock } from "../../../proxy/base/clock.ts";
import type { Log } from "../../../proxy/base/log.ts";
import { ROLES } from "../../base/roles.ts";
import type { Role } from "../../base/roles.ts";
import type { JwtConfig } from "../../config/auth-schema.ts";
import { UnauthenticatedError } from "./auth-errors.ts";
import { FollowedFile } from "./followed-file.ts";
import { loadKeySet } from "./key-set.ts";
import type { Principal } from "./principal.ts";
import { RemoteKeys } from "./remote-keys.ts";
import { errorCode } from "../../../proxy/base/error-text.ts";

/** Longest token, in characters: issuers put lists of groups into tokens. */
const LENGTH_MAX = 8_192;

/** More than the clocks of well-run issuers differ by. */
const LEEWAY_S = 30;

/** Longest subject: it becomes the actor of entries in the audit log. */
const SUBJECT_MAX = 200;

/** Services that one token may name. */
const SERVICES_MAX = 256;

type JwtVerifierDeps = { readonly clock: Clock; readonly log: Log };

/** Where an issuer's keys come from. */
type KeySource = {
  /** undefined: they have not been read yet. */
  readonly keys: () => JSONWebKeySet | undefined;
  readonly problem: () => string | undefined;
  /** Looks for new ones when it is time to. Resolves with whether anything changed. */
  readonly refresh: () => Promise<boolean>;
  /** Looks at once, because a key is missing. */
  readonly seek: () => Promise<boolean>;
};

/** Verifies the JSON Web Tokens (RFC 7519, RFC 8725) of one issuer. */
export class JwtVerifier {
  readonly config: JwtConfig;
  readonly #deps: JwtVerifierDeps;
  readonly #source: KeySource;
  /** Finds a token's key; with the keys that it was made from. */
  #resolver: { readonly keys: JSONWebKeySet; readonly find: LocalJWKSet } | undefined;

  /** `folder`: where a relative path begins. @throws ConfigError */
  static async open(
    config: JwtConfig,
    folder: string,
    deps: JwtVerifierDeps,
  ): Promise<JwtVerifier> {
    const { jwks } = config;
    const isUrl = /^https?:\/\//i.test(jwks);
    const source = isUrl ? remoteSource(jwks, deps.clock) : await fileSource(resolve(folder, jwks));
    return new JwtVerifier(config, source, deps);
  }

  private constructor(config: JwtConfig, source: KeySource, deps: JwtVerifierDeps) {
    this.config = config;
    this.#source = source;
    this.#deps = deps;
  }

  /** Why the present keys cannot be read. undefined: they can. */
  get problem(): string | undefined {
    return this.#source.problem();
  }

  /** Looks for new keys when it is time to. Never rejects. */
  async refresh(): Promise<void> {
    if (await this.#source.refresh()) this.#tell();
  }

  /** Whose token this is, and what they may do. @throws UnauthenticatedError */
  async verify(token: string): Promise<Principal> {
    if (token.length > LENGTH_MAX) throw wrong(`one of more than ${LENGTH_MAX} characters`);
    if (this.#source.keys() === undefined) await this.#seek();
    try {
      return this.#principalOf(await this.#claimsOf(token));
    } catch (error) {
      if (!isMissingKey(error) || !(await this.#seek())) throw refusalOf(error);
    }
    try {
      return this.#principalOf(await this.#claimsOf(token));
    } catch (error) {
      throw refusalOf(error);
    }
  }

  /** Resolves with whether there are new keys now. */
  async #seek(): Promise<boolean> {
    const isOther = await this.#source.seek();
    if (isOther) this.#tell();
    return isOther;
  }

  async #claimsOf(token: string): Promise<Verified> {
    const keys = this.#source.keys();
    if (keys === undefined) throw wrong("a JWT, whose issuer's keys are not known yet");
    // Loaded with the first token: most sidecars never need it.
    const { createLocalJWKSet, jwtVerify } = await import("jose");
    if (this.#resolver?.keys !== keys) this.#resolver = { keys, find: createLocalJWKSet(keys) };
    const { issuer, audience, algorithms } = this.config;
    const { payload, protectedHeader } = await jwtVerify(token, this.#resolver.find, {
      issuer,
      audience,
      algorithms: [...algorithms],
      clockTolerance: LEEWAY_S,
      currentDate: new Date(this.#deps.clock.wallMs()),
      requiredClaims: ["sub", "exp"],
    });
    return { payload, kid: protectedHeader.kid, keys };
  }

  #principalOf({ payload, kid, keys }: Verified): Principal {
    const { config } = this;
    const { clock } = this.#deps;
    // The library checks nbf, but many issuers leave it out.
    const { iat = Number.NaN, nbf = iat } = payload;
    if (!(nbf * 1_000 <= clock.wallMs() + LEEWAY_S * 1_000)) {
      throw wrong("a JWT that does not say (by nbf or iat) that it is valid already");
    }
    const endMs = (payload.exp ?? 0) * 1_000;
    const isOver = (): boolean => clock.wallMs() >= endMs + LEEWAY_S * 1_000;
    return {
      actor: actorOf(payload),
      role: roleIn(payload, config),
      services: servicesIn(payload, config),
      stands: () => !isOver() && this.#isStillThere(kid, keys),
    };
  }

  /** Whether the issuer still has the key, found by its id if it has one. */
  #isStillThere(kid: string | undefined, before: JSONWebKeySet): boolean {
    const keys = this.#source.keys();
    return (
      keys === before || (kid !== undefined && keys?.keys.some((key) => key.kid === kid)) === true
    );
  }

  #tell(): void {
    const { log } = this.#deps;
    const { jwks } = this.config;
    const { problem } = this;
    if (problem !== undefined) log.warn("auth.keys-unreadable", { jwks, error: problem });
    else log.info("auth.keys", { jwks, keys: this.#source.keys()?.keys.length });
  }
}

type Verified = {
  readonly payload: JWTPayload;
  readonly kid: string | undefined;
  /** The keys that it was verified by. */
  readonly keys: JSONWebKeySet;
};

async function fileSource(path: string): Promise<KeySource> {
  const file = await FollowedFile.open(path, loadKeySet);
  return {
    keys: () => file.value,
    problem: () => file.problem,
    refresh: () => file.refresh(),
    seek: () => file.refresh(),
  };
}

function remoteSource(url: string, clock: Clock): KeySource {
  const remote = new RemoteKeys(url, clock);
  return {
    keys: () => remote.keys,
    problem: () => remote.problem,
    refresh: () => remote.refresh(),
    seek: () => remote.seek(),
  };
}

/** Subjects are shown in terminals and logs, so only visible characters are allowed. */
function actorOf({ sub = "" }: JWTPayload): string {
  if (/^[\x21-\x7e]+$/.test(sub) && sub.length <= SUBJECT_MAX) return `jwt:${sub}`;
  throw wrong(`a JWT whose sub is not 1 to ${SUBJECT_MAX} visible characters of ASCII`);
}

/** One role, or the highest in a list; anything else in the list is for other programs. */
function roleIn(payload: JWTPayload, { roleClaim }: JwtConfig): Role {
  const claimed: readonly unknown[] = [payload[roleClaim]].flat();
  const highest = ROLES.findLast((role) => claimed.includes(role));
  if (highest === undefined) throw wrong(`a JWT without a role of Sluice in ${roleClaim}`);
  return highest;
}

/** undefined: all, because nothing limits them or `*` says so. */
function servicesIn(
  payload: JWTPayload,
  { servicesClaim }: JwtConfig,
): readonly string[] | undefined {
  if (servicesClaim === undefined) return undefined;
  const claimed = payload[servicesClaim];
  const list: readonly unknown[] =
    typeof claimed === "string" ? claimed.split(" ") : [claimed].flat();
  const names = list.filter((each): each is string => typeof each === "string" && each !== "");
  // A token that should name services but does not must not be for all of them.
  if (names.length === 0 || names.length < list.length || names.length > SERVICES_MAX) {
    throw wrong(`a JWT without 1 to ${SERVICES_MAX} services in ${servicesClaim}`);
  }
  return names.includes("*") ? undefined : names;
}

function wrong(found: string): UnauthenticatedError {
  return new UnauthenticatedError("wrong", found);
}

function isMissingKey(error: unknown): boolean {
  return errorCode(error) === "ERR_JWKS_NO_MATCHING_KEY";
}

/** What is wrong with a token, by the library's code, as its messages may quote the token. */
function refusalOf(error: unknown): UnauthenticatedError {
  if (error instanceof UnauthenticatedError) return error;
  const { code, claim, payload } = error as {
    readonly code?: unknown;
    readonly claim?: unknown;
    readonly payload?: JWTPayload;
  };
  if (code === "ERR_JWT_EXPIRED") return expired(payload);
  if (code === "ERR_JWT_CLAIM_VALIDATION_FAILED") {
    return wrong(`a JWT whose ${String(claim)} is not as it must be`);
  }
  return wrong(WRONG_BY_CODE.get(String(code)) ?? "a JWT that cannot be verified");
}

function expired(payload: JWTPayload = {}): UnauthenticatedError {
  const actor = actorOf(payload);
  return new UnauthenticatedError("expired", `${actor}, which has expired`, actor);
}

const WRONG_BY_CODE: ReadonlyMap<string, string> = new Map([
  ["ERR_JOSE_ALG_NOT_ALLOWED", "a JWT with an algorithm that is not allowed"],
  ["ERR_JOSE_NOT_SUPPORTED", "a JWT with what is not supported"],
  ["ERR_JWKS_INVALID", "a JWT whose issuer's keys cannot be used"],
  ["ERR_JWK_INVALID", "a JWT whose issuer's keys cannot be used"],
  ["ERR_JWKS_MULTIPLE_MATCHING_KEYS", "a JWT that does not say which of several keys it is for"],
  ["ERR_JWKS_NO_MATCHING_KEY", "a JWT of a key that its issuer does not have"],
  ["ERR_JWS_INVALID", "something that is no JWT"],
  ["ERR_JWS_SIGNATURE_VERIFICATION_FAILED", "a JWT with a wrong signature"],
  ["ERR_JWT_INVALID", "something that is no JWT"],
]);
