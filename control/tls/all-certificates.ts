import type { CertificateReload } from "./certificate-reload.ts";
import { reloadOf } from "./certificate-reload.ts";
import type { CertificateStatus } from "./certificate-status.ts";
import type { Certificates } from "./certificates.ts";
import type { OwnCertificate } from "./own-certificate.ts";

/** The certificates of the workers and that of the primary itself, if it has one. */
export class AllCertificates {
  readonly #shared: Pick<Certificates, "status" | "reload">;
  readonly #own: Pick<OwnCertificate, "status" | "look"> | undefined;

  constructor(
    shared: Pick<Certificates, "status" | "reload">,
    own: Pick<OwnCertificate, "status" | "look"> | undefined,
  ) {
    this.#shared = shared;
    this.#own = own;
  }

  /** Everything that is in use or should be, by id; what both use is listed once. */
  status(): readonly CertificateStatus[] {
    const shared = this.#shared.status();
    const own = new Map(this.#own?.status().map((each) => [each.id, each]));
    const merged = shared.map((each) => {
      const also = own.get(each.id);
      own.delete(each.id);
      return also === undefined ? each : { ...each, usedBy: [...also.usedBy, ...each.usedBy] };
    });
    return [...own.values(), ...merged].toSorted((one, other) => (one.id < other.id ? -1 : 1));
  }

  /** Checks all files for changes now. @throws BusyError */
  async reload(): Promise<CertificateReload> {
    const shared = await this.#shared.reload();
    const own = reloadOf((await this.#own?.look()) ?? []);
    return {
      replaced: [...new Set([...own.replaced, ...shared.replaced])],
      refused: [...own.refused, ...shared.refused],
    };
  }
}
