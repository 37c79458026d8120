import type { CertificateFacts } from "./certificate-facts.ts";

/**
 * Where a certificate is in its life. early: it is not valid yet. expires: less than a third of its
 * life is left, so it should have been renewed by now.
 */
export type ExpiryStage = "early" | "fine" | "expires" | "expired";

/** How often a certificate that was not renewed is reported again. */
const TELL_EVERY_MS = 24 * 3_600_000;

/** Where a certificate is in its life. `nowMs`: wall clock. */
export function stageOf(
  { notBeforeMs, notAfterMs }: Pick<CertificateFacts, "notBeforeMs" | "notAfterMs">,
  nowMs: number,
): ExpiryStage {
  if (nowMs > notAfterMs) return "expired";
  if (nowMs < notBeforeMs) return "early";
  return (notAfterMs - nowMs) * 3 < notAfterMs - notBeforeMs ? "expires" : "fine";
}

/** A certificate to report. */
type Alarm = { readonly id: string; readonly stage: Exclude<ExpiryStage, "fine"> };

type Told = { readonly fingerprint: string; readonly stage: ExpiryStage; readonly atMs: number };

/** Decides which certificates to report: each once per stage, and again every day. */
export class ExpiryAlarms {
  #told = new Map<string, Told>();

  /** The certificates to report now. `certificates`: all that are in use. */
  due(certificates: ReadonlyMap<string, CertificateFacts>, nowMs: number): readonly Alarm[] {
    const told = new Map<string, Told>();
    const alarms: Alarm[] = [];
    for (const [id, facts] of certificates) {
      const stage = stageOf(facts, nowMs);
      if (stage === "fine") continue;
      const { fingerprint } = facts;
      const before = this.#told.get(id);
      const isTold =
        before?.fingerprint === fingerprint &&
        before.stage === stage &&
        nowMs - before.atMs < TELL_EVERY_MS;
      told.set(id, isTold ? before : { fingerprint, stage, atMs: nowMs });
      if (!isTold) alarms.push({ id, stage });
    }
    this.#told = told;
    return alarms;
  }
}
