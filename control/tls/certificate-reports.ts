import type { Clock } from "../../proxy/base/clock.ts";
import type { Log } from "../../proxy/base/log.ts";
import type { SluiceEvent } from "../records/sluice-event.ts";
import type { CertificateFacts } from "./certificate-facts.ts";
import { ExpiryAlarms } from "./expiry.ts";
import type { FileNews } from "./file-certificates.ts";

/**
 * How long files may not match before it is reported: whoever replaces them writes one after the
 * other.
 */
export const SETTLE_MS = 10_000;

/** What reports work with. */
export type CertificateReportsDeps = {
  readonly clock: Clock;
  readonly log: Log;
  readonly events: { emit(event: SluiceEvent): unknown };
};

type Refusal = { readonly sinceMs: number; toldReason: string | undefined };

/** Reports to log and events which certificates were replaced, refused, or are about to end. */
export class CertificateReports {
  readonly #deps: CertificateReportsDeps;
  readonly #alarms = new ExpiryAlarms();
  readonly #seen = new Set<string>();
  #refusals = new Map<string, Refusal>();

  constructor(deps: CertificateReportsDeps) {
    this.#deps = deps;
  }

  /** Whether its files have not matched for longer than a replacement takes, or never did. */
  isLasting(id: string): boolean {
    const { sinceMs = Infinity } = this.#refusals.get(id) ?? {};
    return !this.#seen.has(id) || this.#deps.clock.nowMs() - sinceMs >= SETTLE_MS;
  }

  /** Takes note of what checking all files has found. */
  note(news: readonly FileNews[]): void {
    const before = this.#refusals;
    this.#refusals = new Map();
    for (const { held, result } of news) {
      const { id } = held.source;
      if (result === "replaced") this.#replaced(id, held);
      else this.#refused(id, held.problem ?? "", before.get(id));
    }
  }

  /** Reports certificates that are about to end. `certificates`: all that are in use. */
  noteExpiry(certificates: ReadonlyMap<string, CertificateFacts>): void {
    const { clock, log, events } = this.#deps;
    for (const id of this.#seen) if (!certificates.has(id)) this.#seen.delete(id);
    for (const { id, stage } of this.#alarms.due(certificates, clock.wallMs())) {
      const { notBeforeMs = 0, notAfterMs = 0 } = certificates.get(id) ?? {};
      const [notBefore, notAfter] = [timeOf(notBeforeMs), timeOf(notAfterMs)];
      const fields = { certificate: id, notBefore, notAfter };
      if (stage === "expires") log.warn("certificate.expires", fields);
      else log.error(`certificate.${stage}`, fields);
      events.emit({ kind: "certificate", certificate: id, state: stage, notAfter });
    }
  }

  #replaced(id: string, { loaded }: FileNews["held"]): void {
    const { log, events } = this.#deps;
    if (loaded === undefined) return;
    const { facts, warnings } = loaded;
    const { subject, notAfterMs, fingerprint } = facts;
    const notAfter = timeOf(notAfterMs);
    const isFirst = !this.#seen.has(id);
    this.#seen.add(id);
    const event = isFirst ? "certificate.loaded" : "certificate.replaced";
    const warning = warnings.length === 0 ? undefined : warnings.join("; ");
    log.info(event, { certificate: id, subject, notAfter, fingerprint, warning });
    if (isFirst) return;
    events.emit({ kind: "certificate", certificate: id, state: "replaced", notAfter });
  }

  #refused(id: string, reason: string, before: Refusal | undefined): void {
    const { clock, log, events } = this.#deps;
    const refusal = before ?? { sinceMs: clock.nowMs(), toldReason: undefined };
    this.#refusals.set(id, refusal);
    if (!this.isLasting(id) || refusal.toldReason === reason) return;
    refusal.toldReason = reason;
    log.error("certificate.refused", { certificate: id, reason });
    events.emit({ kind: "certificate", certificate: id, state: "refused", reason });
  }
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString();
}
