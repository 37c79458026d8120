import { chmod, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { TestCertificate } from "./certificates.ts";
import { temporaryFolder } from "./temporary-folder.ts";

/** A server's certificate, key and its clients' roots as files, as `control.tls` names them. */
export class TlsFolder {
  readonly folder: string;
  readonly tls = { cert: "api.pem", key: "api.key", clientCa: "clients.pem" };

  /** `folder`: absent: a new one, which goes away with the test. */
  static async make(
    server: TestCertificate,
    roots: TestCertificate,
    folder?: string,
  ): Promise<TlsFolder> {
    const made = new TlsFolder(folder ?? (await temporaryFolder()));
    await made.write(server);
    await made.writeRoots(roots);
    return made;
  }

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** Exchanges certificate and key. */
  async write({ chainPem, keyPem }: TestCertificate): Promise<void> {
    await this.#put(this.tls.key, keyPem);
    await this.#put(this.tls.cert, chainPem);
  }

  async writeRoots({ certPem }: TestCertificate): Promise<void> {
    await this.#put(this.tls.clientCa, certPem);
  }

  async #put(name: string, text: string): Promise<void> {
    const path = join(this.folder, name);
    await writeFile(`${path}.new`, text);
    await chmod(`${path}.new`, 0o600);
    await rename(`${path}.new`, path);
  }
}
