import { isDeepStrictEqual } from "node:util";
import { errorText } from "../../proxy/base/error-text.ts";
import { fileMark } from "../base/file-mark.ts";
import { isValidAt } from "./certificate-facts.ts";
import type { CertificateSource, LoadedCertificate } from "./load-certificate.ts";

/** What came of checking the files again. */
export type Refreshed = "same" | "replaced" | "refused";

/**
 * A certificate or roots from files, as they are in use. What was read stays in use until the files
 * hold something better: a complete pair that is valid now.
 */
export class HeldCertificate<Material> {
  readonly source: CertificateSource<Material>;
  #loaded: LoadedCertificate<Material> | undefined;
  #problem: string | undefined;
  /** The state of the files when they were last read. */
  #mark: string | undefined;

  /** `before`: what was in use under another recipe. undefined: nothing. */
  constructor(source: CertificateSource<Material>, before?: LoadedCertificate<Material>) {
    this.source = source;
    this.#loaded = before;
  }

  /** undefined: the files could never be used. */
  get loaded(): LoadedCertificate<Material> | undefined {
    return this.#loaded;
  }

  /** Why what the files hold now is not in use. undefined: it is. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Reads the files again if they have changed. `nowMs`: wall clock. Never rejects. */
  async refresh(nowMs: number): Promise<Refreshed> {
    const { paths, load } = this.source;
    // Taken before they are read, so that a change in between is noticed next time.
    const mark = (await Promise.all(paths.map(fileMark))).join(";");
    if (mark === this.#mark && this.#problem === undefined) return "same";
    this.#mark = mark;
    try {
      return this.#take(await load(), nowMs);
    } catch (error) {
      return this.#refuse(errorText(error));
    }
  }

  #take(next: LoadedCertificate<Material>, nowMs: number): Refreshed {
    const held = this.#loaded;
    if (held !== undefined && !isValidAt(next.facts, nowMs) && isValidAt(held.facts, nowMs)) {
      const { notBeforeMs, notAfterMs } = next.facts;
      const found = `one from ${dayOf(notBeforeMs)} to ${dayOf(notAfterMs)}`;
      return this.#refuse(`wanted a certificate that is valid now, found ${found}`);
    }
    this.#problem = undefined;
    if (held !== undefined && isDeepStrictEqual(held.material, next.material)) return "same";
    this.#loaded = next;
    return "replaced";
  }

  #refuse(reason: string): Refreshed {
    this.#problem = reason;
    return "refused";
  }
}

function dayOf(ms: number): string {
  return new Date(ms).toISOString();
}
