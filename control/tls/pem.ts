/** The first and last line of a block (RFC 7468 section 2). */
const BOUNDARY = /^-----(BEGIN|END) ([A-Z0-9 ]{1,64})-----\s*$/;

/** One block of a PEM text. */
export type PemBlock = {
  /** Such as `CERTIFICATE` or `EC PRIVATE KEY`. */
  readonly label: string;
  /** The whole block, with both boundaries and a newline at its end. */
  readonly text: string;
};

/** The complete blocks of a text, in order. Anything between them is ignored. */
export function pemBlocks(text: string): readonly PemBlock[] {
  const blocks: PemBlock[] = [];
  let open: { readonly label: string; readonly lines: string[] } | undefined;
  for (const line of text.split("\n")) {
    const [, kind, label = ""] = BOUNDARY.exec(line) ?? [];
    if (kind === "BEGIN") open = { label, lines: [] };
    open?.lines.push(line.trimEnd());
    if (kind !== "END" || open === undefined) continue;
    if (open.label === label) blocks.push({ label, text: `${open.lines.join("\n")}\n` });
    open = undefined;
  }
  return blocks;
}

/** The blocks with certificates, in order. */
export function certificateBlocks(text: string): readonly string[] {
  return pemBlocks(text)
    .filter(({ label }) => label === "CERTIFICATE" || label === "X509 CERTIFICATE")
    .map((block) => block.text);
}

/** The blocks with private keys, in order. */
export function keyBlocks(text: string): readonly PemBlock[] {
  return pemBlocks(text).filter(({ label }) => label.endsWith("PRIVATE KEY"));
}
