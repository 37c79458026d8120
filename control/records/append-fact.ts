import { errorText } from "../../proxy/base/error-text.ts";
import type { Log } from "../../proxy/base/log.ts";
import type { Audit } from "./audit.ts";
import type { AuditFact } from "./audit-entry.ts";

/**
 * Adds what has happened to the audit log: a full disk under it is told, but undoes nothing.
 * Resolves with whether it is there. Never rejects.
 */
export async function appendFact(
  { audit, log }: { readonly audit: Pick<Audit, "append">; readonly log: Log },
  fact: AuditFact,
): Promise<boolean> {
  try {
    await audit.append(fact);
    return true;
  } catch (error) {
    const { before: _before, after: _after, ...about } = fact;
    log.error("audit.append.failed", { ...about, error: errorText(error) });
    return false;
  }
}
