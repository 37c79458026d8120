/** Why a certificate, its key or roots cannot be used. Never quotes what a file holds. */
export class CertificateFlaw extends Error {
  readonly wanted: string;
  readonly found: string;

  constructor(wanted: string, found: string) {
    super(`wanted ${wanted}, found ${found}`);
    this.name = new.target.name;
    this.wanted = wanted;
    this.found = found;
  }
}

/** The flaw that an error is; what nobody thought of says at least where it happened. */
export function asFlaw(error: unknown, wanted: string): CertificateFlaw {
  if (error instanceof CertificateFlaw) return error;
  // A code, not a message: OpenSSL's may quote what it read.
  const { code, name } = error as NodeJS.ErrnoException;
  return new CertificateFlaw(wanted, code ?? name ?? "something else");
}
