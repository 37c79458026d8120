import { createHash, randomBytes } from "node:crypto";
import { LiveAccess } from "../../control/api/auth/access.ts";
import type { TokenEntry } from "../../control/config/auth-schema.ts";
import type { Clock } from "../../proxy/base/clock.ts";

/** A token, and what the configuration knows of it. */
export type TestToken = { readonly secret: string; readonly entry: TokenEntry };

/** A new token that may do what is said, or read. */
export function newToken(name: string, grant: Partial<TokenEntry> = {}): TestToken {
  const secret = `sluice_${randomBytes(32).toString("base64url")}`;
  const sha256 = createHash("sha256").update(secret).digest("hex");
  const known = { name, sha256, services: undefined, expiresMs: undefined };
  return { secret, entry: { ...known, role: "read", ...grant } };
}

/** The header field that shows a token. */
export function bearer(secret: string): { readonly authorization: string } {
  return { authorization: `Bearer ${secret}` };
}

/** Who may call an API: whoever has one of these tokens. */
export function accessOf(clock: Clock, ...tokens: readonly TestToken[]): Promise<LiveAccess> {
  const ignore = (): void => undefined;
  const log = { info: ignore, warn: ignore, error: ignore };
  const auth = { tokens: tokens.map(({ entry }) => entry), tokenFile: undefined, certs: [] };
  return LiveAccess.open({ auth, socketRole: undefined, folder: "/" }, { clock, log });
}
