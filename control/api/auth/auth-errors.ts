import { ControlError } from "../../base/errors.ts";

/** Why a credential was not accepted. */
export type CredentialFlaw = "missing" | "wrong" | "expired";

/** The caller is not known. */
export class UnauthenticatedError extends ControlError {
  readonly flaw: CredentialFlaw;
  /** Whose credential has expired. undefined: not known. */
  readonly actor: string | undefined;

  /** `found`: what came instead of a valid credential; never the credential itself. */
  constructor(flaw: CredentialFlaw, found: string, actor?: string) {
    super("unauthenticated", 401, `Cannot tell who asks: wanted ${WANTED}, found ${found}`);
    this.flaw = flaw;
    this.actor = actor;
  }

  /** The value of WWW-Authenticate (RFC 6750 section 3). */
  get challenge(): string {
    const realm = 'Bearer realm="sluice"';
    return this.flaw === "missing" ? realm : `${realm}, error="invalid_token"`;
  }
}

const WANTED = "Authorization: Bearer TOKEN with a token that holds";

/** The caller may not do this. `wanted`, `found`: what it takes, and what the caller has. */
export class ForbiddenError extends ControlError {
  constructor(wanted: string, found: string) {
    super("forbidden", 403, `Cannot do this: wanted ${wanted}, found ${found}`);
  }
}

/** Too many wrong credentials have come from one address. */
export class TooManyAttemptsError extends ControlError {
  /** Whole seconds until it may try again; at least 1. */
  readonly retryAfterS: number;

  constructor(retryAfterS: number) {
    const found = "too many wrong ones from this address";
    const message = `Cannot try another credential: found ${found}; wait ${retryAfterS} s`;
    super("too_many_attempts", 429, message);
    this.retryAfterS = retryAfterS;
  }
}
