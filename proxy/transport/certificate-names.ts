/**
 * Whom a certificate is for (RFC 5280 section 4.2.1.6), read from its DER: the texts that OpenSSL
 * prints can be made to look like others.
 */
export type CertificateNames = {
  readonly dns: readonly string[];
  readonly uris: readonly string[];
};

/** Tags of DER (X.690 section 8). */
const SEQUENCE = 0x30;
const OBJECT_ID = 0x06;
const OCTET_STRING = 0x04;
const EXTENSIONS = 0xa3;
const DNS_NAME = 0x82;
const URI_NAME = 0x86;

/** 2.5.29.17, subjectAltName. */
const SUBJECT_ALT_NAME = Buffer.from([0x55, 0x1d, 0x11]);

const NO_NAMES: CertificateNames = { dns: [], uris: [] };

/** One value of DER: where its content is. */
type Value = { readonly tag: number; readonly start: number; readonly end: number };

/**
 * The names in a certificate that OpenSSL has read. Empty if it has none, or if one is not ASCII:
 * then nobody can say what it would be compared as.
 */
export function certificateNames(der: Buffer): CertificateNames {
  const names = alternativeNames(der);
  if (names === undefined) return NO_NAMES;
  const texts = { dns: [] as string[], uris: [] as string[] };
  for (const { tag, start, end } of valuesIn(der, names)) {
    if (tag !== DNS_NAME && tag !== URI_NAME) continue;
    const text = der.toString("latin1", start, end);
    if (!/^[!-~]+$/.test(text)) return NO_NAMES;
    (tag === DNS_NAME ? texts.dns : texts.uris).push(text);
  }
  return texts;
}

function alternativeNames(der: Buffer): Value | undefined {
  const certificate = valueAt(der, 0, der.length);
  const body = certificate && valueAt(der, certificate.start, certificate.end);
  const extensions = body && valuesIn(der, body).find(({ tag }) => tag === EXTENSIONS);
  const list = extensions && valueAt(der, extensions.start, extensions.end);
  for (const extension of list === undefined ? [] : valuesIn(der, list)) {
    const parts = valuesIn(der, extension);
    const [id] = parts;
    const isWanted =
      id?.tag === OBJECT_ID && der.subarray(id.start, id.end).equals(SUBJECT_ALT_NAME);
    const value = isWanted ? parts.find(({ tag }) => tag === OCTET_STRING) : undefined;
    const names = value && valueAt(der, value.start, value.end);
    if (names?.tag === SEQUENCE) return names;
  }
  return undefined;
}

/** The values one after the other in the content of another. */
function valuesIn(der: Buffer, { start, end }: Value): Value[] {
  const values: Value[] = [];
  for (let at = start; at < end;) {
    const value = valueAt(der, at, end);
    if (value === undefined) break;
    values.push(value);
    at = value.end;
  }
  return values;
}

/** The value that begins there. undefined: it does not end within `limit`. */
function valueAt(der: Buffer, at: number, limit: number): Value | undefined {
  if (at + 2 > limit) return undefined;
  const tag = der[at] as number;
  const first = der[at + 1] as number;
  if (first < 0x80) return within(limit, { tag, start: at + 2, end: at + 2 + first });
  const bytes = first & 0x7f;
  if (bytes === 0 || bytes > 4 || at + 2 + bytes > limit) return undefined;
  const start = at + 2 + bytes;
  return within(limit, { tag, start, end: start + der.readUIntBE(at + 2, bytes) });
}

function within(limit: number, value: Value): Value | undefined {
  return value.end <= limit ? value : undefined;
}
