import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import type { IssuedCertificate } from "../../support/authority.ts";

/** A folder with certificates and keys that goes away with the test. */
export type CertificateFolder = {
  readonly path: string;
  /** Path of a file in it. */
  at(name: string): string;
  /** Writes `NAME.pem` and `NAME.key`. */
  put(name: string, certificate: IssuedCertificate): Promise<void>;
  /** Writes any file that only we can read. */
  write(name: string, text: string): Promise<void>;
};

/** Makes one. */
export async function certificateFolder(): Promise<CertificateFolder> {
  const path = await temporaryFolder();
  const at = (name: string): string => join(path, name);
  const write = async (name: string, text: string): Promise<void> => {
    await writeFile(at(name), text, { mode: 0o600 });
    await chmod(at(name), 0o600);
  };
  return {
    path,
    at,
    write,
    async put(name, { certPem, keyPem }) {
      await write(`${name}.pem`, certPem);
      await write(`${name}.key`, keyPem);
    },
  };
}
