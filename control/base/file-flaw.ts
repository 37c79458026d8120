/** Why a file, or the certificate or key in it, cannot be used. Never quotes what it holds. */
export class FileFlaw extends Error {
  readonly wanted: string;
  readonly found: string;

  constructor(wanted: string, found: string) {
    super(`wanted ${wanted}, found ${found}`);
    this.name = new.target.name;
    this.wanted = wanted;
    this.found = found;
  }
}

/** The flaw that an error is; an unexpected error is told by its code or name alone. */
export function asFileFlaw(error: unknown, wanted: string): FileFlaw {
  if (error instanceof FileFlaw) return error;
  // A code, not a message: OpenSSL's may quote what it read.
  const { code, name } = error as NodeJS.ErrnoException;
  return new FileFlaw(wanted, code ?? name ?? "something else");
}
