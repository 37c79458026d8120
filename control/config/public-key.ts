/** What a public key looks like, for errors. */
export const PUBLIC_KEY_WANTED =
  "a public key as `sluice key new` prints it: ed25519: and 44 characters of base64";

const PUBLIC_KEY = /^ed25519:([A-Za-z0-9+/]{43}=)$/;

/** The 32 bytes of an Ed25519 public key (RFC 8032). undefined: this is not the text of one. */
export function publicKeyBytes(text: string): Buffer | undefined {
  const [, base64 = ""] = PUBLIC_KEY.exec(text) ?? [];
  const bytes = Buffer.from(base64, "base64");
  // Base64 has other spellings of the same bytes; keys are compared as texts.
  return base64 !== "" && bytes.toString("base64") === base64 ? bytes : undefined;
}

/** The text of a public key of 32 bytes. */
export function publicKeyText(bytes: Uint8Array): string {
  return `ed25519:${Buffer.from(bytes).toString("base64")}`;
}
