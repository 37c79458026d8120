import { sign, verify } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { z } from "zod";
import { verifyingKey } from "./signing-key.ts";
import type { SigningKey } from "./signing-key.ts";

/** Marks a line as a signature of this form. It is part of what is signed. */
const FORMAT = "sluice-signed-1";

/** Longest signature line that is read: several times ours. */
const LINE_LENGTH_MAX = 1_024;

const lineSchema = z.strictObject({
  format: z.literal(FORMAT),
  key: z.string(),
  /** Ed25519 (RFC 8032), base64. */
  signature: z.string().refine(isBase64),
});

/** Whose tables are followed, and the key that signs this sidecar's own. */
export type Trust = {
  /** Texts of public keys. Empty: everybody's, signed or not. */
  readonly trust: readonly string[];
  /** undefined: this sidecar does not sign. */
  readonly signingKey: SigningKey | undefined;
};

/**
 * Why a document is not followed. unsigned: it has no signature. untrusted: the signature is by a
 * key that is not trusted. forged: it is not that key's signature of this document at this place.
 */
export type SealFlaw = "unsigned" | "untrusted" | "forged";

/** A document as it was signed, or why it is not followed. */
export type Opened =
  | {
      readonly kind: "opened";
      readonly document: string;
      /** Whether it has a signature; without `trust` nobody has looked whose. */
      readonly isSigned: boolean;
    }
  | { readonly kind: "refused"; readonly flaw: SealFlaw; readonly reason: string };

/**
 * Signs the document under one key in KV, and checks the signature of the one found there. A
 * signature is a line before the document. It covers every byte of the document, including its
 * revision, and the key's name: a document signed for another key counts as forged here.
 */
export class TableSeal {
  readonly #place: string;
  readonly #trusted: ReadonlyMap<string, KeyObject>;
  readonly #signingKey: SigningKey | undefined;

  /** `place`: the name of the key in KV. */
  constructor(place: string, { trust, signingKey }: Trust) {
    this.#place = place;
    this.#trusted = new Map(trust.map((text) => [text, verifyingKey(text)]));
    this.#signingKey = signingKey;
  }

  /** Whether only signed documents are followed. */
  get isDemanded(): boolean {
    return this.#trusted.size > 0;
  }

  /** Whether this sidecar can sign. */
  get canSign(): boolean {
    return this.#signingKey !== undefined;
  }

  /** The value to write: signed if there is a key. */
  seal(document: string): string {
    if (this.#signingKey === undefined) return document;
    const { privateKey, publicKey: key } = this.#signingKey;
    const signature = sign(null, this.#signed(document), privateKey).toString("base64");
    return `${JSON.stringify({ format: FORMAT, key, signature })}\n${document}`;
  }

  /** Reads a value. */
  open(value: string): Opened {
    const line = readLine(value);
    const document = line === undefined ? value : value.slice(line.length);
    if (!this.isDemanded) return { kind: "opened", document, isSigned: line !== undefined };
    if (line === undefined) return refused("unsigned", "it is not signed");
    const trusted = this.#trusted.get(line.key);
    if (trusted === undefined) {
      return refused("untrusted", `it is signed by ${shown(line.key)}, which is not trusted`);
    }
    const signature = Buffer.from(line.signature, "base64");
    if (verify(null, this.#signed(document), trusted, signature)) {
      return { kind: "opened", document, isSigned: true };
    }
    return refused("forged", `the signature is not that of ${line.key} for this document here`);
  }

  #signed(document: string): Buffer {
    return Buffer.from(`${FORMAT}\n${this.#place}\n${document}`, "utf8");
  }
}

/** Reads the signature line. undefined: the value does not begin with one. */
function readLine(
  value: string,
): (z.output<typeof lineSchema> & { readonly length: number }) | undefined {
  const end = value.slice(0, LINE_LENGTH_MAX).indexOf("\n");
  if (end < 0) return undefined;
  try {
    const line = lineSchema.parse(JSON.parse(value.slice(0, end)));
    return { ...line, length: end + 1 };
  } catch {
    return undefined;
  }
}

/** Whether it is base64 in the one spelling that we write. */
function isBase64(text: string): boolean {
  return Buffer.from(text, "base64").toString("base64") === text;
}

/** Somebody else's text, made safe to show. */
function shown(key: string): string {
  return JSON.stringify(key.length > 80 ? `${key.slice(0, 80)}…` : key);
}

function refused(flaw: SealFlaw, reason: string): Opened {
  return { kind: "refused", flaw, reason };
}
