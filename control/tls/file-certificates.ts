import type { TlsIdentity, TlsTrust } from "../../proxy/table/tls.ts";
import { identityId, trustId } from "../config/tls-files.ts";
import type { TlsFiles } from "../config/tls-files.ts";
import { HeldCertificate } from "./held-certificate.ts";
import type { Refreshed } from "./held-certificate.ts";
import { identitySource, rootsSource } from "./load-certificate.ts";
import type { CertificateSource } from "./load-certificate.ts";
import type { MaterialPart } from "./shared-material.ts";

/** What became of one certificate or bundle of roots. */
export type FileNews = {
  readonly held: HeldCertificate<TlsIdentity> | HeldCertificate<TlsTrust>;
  readonly result: Exclude<Refreshed, "same">;
};

/** All certificates, keys and roots from files that somebody needs, each once. */
export class FileCertificates {
  readonly #folder: string;
  readonly #identities = new Map<string, HeldCertificate<TlsIdentity>>();
  readonly #trusts = new Map<string, HeldCertificate<TlsTrust>>();

  /** `folder`: where relative paths begin. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Those that are in use, or should be. */
  get all(): readonly FileNews["held"][] {
    return [...this.#identities.values(), ...this.#trusts.values()];
  }

  /** What workers can use of it. */
  get part(): MaterialPart {
    return {
      identities: [...this.#identities.values()].flatMap(({ loaded }) => loaded?.material ?? []),
      trusts: [...this.#trusts.values()].flatMap(({ loaded }) => loaded?.material ?? []),
    };
  }

  /** Whether these are in use, in the same way. */
  has({ certificates, ca }: TlsFiles): boolean {
    const hasRoots = ca === undefined || this.#trusts.get(trustId(ca))?.loaded !== undefined;
    return (
      hasRoots &&
      certificates.every((files) => {
        const { source, loaded } = this.#identities.get(identityId(files.cert)) ?? {};
        const { recipe } = identitySource(this.#folder, files);
        return loaded !== undefined && source?.recipe === recipe;
      })
    );
  }

  /**
   * Reads these too from the next refresh() on. Where two uses have the same certificate, the first
   * says which key and names go with it. `others`: what happens to those not among them.
   */
  want(uses: readonly TlsFiles[], others: "keep" | "forget"): void {
    const ids = new Set<string>();
    for (const { certificates, ca } of uses) {
      for (const files of certificates) {
        const source = identitySource(this.#folder, files);
        if (!ids.has(source.id)) hold(this.#identities, source);
        ids.add(source.id);
      }
      if (ca === undefined) continue;
      const source = rootsSource(this.#folder, ca);
      hold(this.#trusts, source);
      ids.add(source.id);
    }
    if (others === "keep") return;
    for (const id of this.#identities.keys()) if (!ids.has(id)) this.#identities.delete(id);
    for (const id of this.#trusts.keys()) if (!ids.has(id)) this.#trusts.delete(id);
  }

  /**
   * Checks all files and reads those that have changed. Resolves with what was replaced, and with
   * what still cannot be used. `nowMs`: wall clock. Never rejects.
   */
  async refresh(nowMs: number): Promise<readonly FileNews[]> {
    const news: FileNews[] = [];
    // One after the other: there may be thousands, and nobody waits for them.
    for (const held of this.all) {
      const result = await held.refresh(nowMs);
      if (result !== "same") news.push({ held, result });
    }
    return news;
  }
}

function hold<Material>(
  held: Map<string, HeldCertificate<Material>>,
  source: CertificateSource<Material>,
): void {
  const known = held.get(source.id);
  if (known?.source.recipe === source.recipe) return;
  held.set(source.id, new HeldCertificate(source, known?.loaded));
}
