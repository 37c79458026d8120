import type { FileNews } from "./file-certificates.ts";

/** What checking all files has found. */
export type CertificateReload = {
  /** Ids of those that were replaced. */
  readonly replaced: readonly string[];
  /** Those whose files cannot be used; what was in use stays in use. */
  readonly refused: readonly { readonly certificate: string; readonly reason: string }[];
};

/** Puts what was found into the form that people see. */
export function reloadOf(news: readonly FileNews[]): CertificateReload {
  const of = (result: FileNews["result"]): readonly FileNews["held"][] =>
    news.filter((each) => each.result === result).map(({ held }) => held);
  const refused = of("refused").map(({ source, problem = "" }) => {
    return { certificate: source.id, reason: problem };
  });
  return { replaced: of("replaced").map(({ source }) => source.id), refused };
}
