import { dirname } from "node:path";
import { pause } from "../../proxy/base/clock.ts";
import type { TlsIdentity, TlsTrust } from "../../proxy/table/tls.ts";
import type { ControlTls } from "../config/control-schema.ts";
import { CertificateReports } from "./certificate-reports.ts";
import type { CertificateReportsDeps } from "./certificate-reports.ts";
import { certificateStatus } from "./certificate-status.ts";
import type { CertificateStatus } from "./certificate-status.ts";
import { LOOK_EVERY_MS } from "./certificates.ts";
import { checkControlFiles } from "./check-certificate-files.ts";
import { FileCertificates } from "./file-certificates.ts";
import type { FileNews } from "./file-certificates.ts";

/** What a server in the primary presents, and verifies its clients by. Secret. */
export type OwnMaterial = {
  readonly identity: TlsIdentity;
  /** undefined: clients are asked for no certificate. */
  readonly roots: TlsTrust | undefined;
};

/** What an own certificate works with. */
export type OwnCertificateDeps = CertificateReportsDeps & {
  /** The configuration file: relative paths begin in its folder. */
  readonly file: string;
};

/**
 * The certificate of a server in this process, from files that are checked for changes. Workers
 * never get it.
 */
export class OwnCertificate {
  readonly #deps: OwnCertificateDeps;
  readonly #usedBy: string;
  readonly #files: FileCertificates;
  readonly #reports: CertificateReports;
  readonly #closing = new AbortController();
  readonly #hearers: ((material: OwnMaterial) => void)[] = [];

  /**
   * Reads the files, and checks them until close(). `usedBy`: the server that presents it.
   * @throws ConfigError
   */
  static async open(
    tls: ControlTls,
    usedBy: string,
    deps: OwnCertificateDeps,
  ): Promise<OwnCertificate> {
    await checkControlFiles(deps.file, tls);
    const own = new OwnCertificate(tls, usedBy, deps);
    await own.look();
    void own.#watch();
    return own;
  }

  private constructor(
    { cert, key, clientCa }: ControlTls,
    usedBy: string,
    deps: OwnCertificateDeps,
  ) {
    this.#deps = deps;
    this.#usedBy = usedBy;
    this.#files = new FileCertificates(dirname(deps.file));
    this.#files.want([{ certificates: [{ cert, key, names: undefined }], ca: clientCa }], "forget");
    this.#reports = new CertificateReports(deps);
  }

  /** What is in use now. */
  get material(): OwnMaterial {
    const { identities, trusts } = this.#files.part;
    // The first check has read it, and only something usable replaces it.
    return { identity: identities[0] as TlsIdentity, roots: trusts[0] };
  }

  /** Calls `hear` with each replacement from now on. */
  onChange(hear: (material: OwnMaterial) => void): void {
    this.#hearers.push(hear);
  }

  /** Checks the files now. Resolves as FileCertificates.refresh(). Never rejects. */
  async look(): Promise<readonly FileNews[]> {
    const news = await this.#files.refresh(this.#deps.clock.wallMs());
    this.#reports.note(news);
    if (news.some(({ result }) => result === "replaced")) {
      for (const hear of this.#hearers) hear(this.material);
    }
    const loaded = this.#files.all.flatMap(({ source, loaded: each }) =>
      each === undefined ? [] : [[source.id, each.facts] as const],
    );
    this.#reports.noteExpiry(new Map(loaded));
    return news;
  }

  /** As Certificates.status(). */
  status(): readonly CertificateStatus[] {
    const nowMs = this.#deps.clock.wallMs();
    const { identities } = this.#files.part;
    return this.#files.all.map((held) => {
      const { id } = held.source;
      const names = identities.find((each) => each.id === id)?.names;
      const isLasting = this.#reports.isLasting(id);
      const { facts } = held.loaded ?? {};
      const known = { id, facts, isLasting, names, usedBy: [this.#usedBy], held };
      return certificateStatus(known, nowMs);
    });
  }

  /** Stops checking files. */
  close(): void {
    this.#closing.abort();
  }

  async #watch(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      await pause(this.#deps.clock, LOOK_EVERY_MS, signal);
      if (!signal.aborted) await this.look();
    }
  }
}
