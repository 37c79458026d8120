/**
 * Whom a certificate is for (RFC 5280 section 4.2.1.6), read from its DER: the texts that OpenSSL
 * prints can be made to look like others (CVE-2021-44532).
 */
export type CertificateNames = {
  readonly dns: readonly string[];
  readonly uris: readonly string[];
};

/** Tags of what is on the way there (X.690 section 8). */
const SEQUENCE = 0x30;
const OBJECT_ID = 0x06;
const BOOLEAN = 0x01;
const OCTET_STRING = 0x04;
const VERSION = 0xa0;
const EXTENSIONS = 0xa3;
const DNS_NAME = 0x82;
const URI_NAME = 0x86;

/** A tag that goes on in the next byte: nothing in a certificate has one. */
const LONG_TAG = 0x1f;

/** 2.5.29.17, subjectAltName. */
const SUBJECT_ALT_NAME = Buffer.from([0x55, 0x1d, 0x11]);

/** serialNumber to subjectPublicKeyInfo: what stands between version and extensions. */
const FIXED_FIELDS = 6;

/** Values inside one other: certification authorities put 100 names into a certificate. */
const VALUES_MAX = 1_024;

/** A longer length would not be that of a certificate. */
const LENGTH_BYTES_MAX = 3;

/** Visible ASCII: of anything else nobody can say what it would be compared as. */
const NAME_TEXT = /^[!-~]+$/;

const NO_NAMES: CertificateNames = { dns: [], uris: [] };

/** A value's tag, and where its content is. */
type Value = { readonly tag: number; readonly start: number; readonly end: number };

/**
 * The names in a certificate. Empty if it has none, or is not DER to the letter, or has names twice
 * (two subjectAltNames), or one that is not ASCII: what can be read in two ways is not read at all.
 */
export function certificateNames(der: Buffer): CertificateNames {
  const texts = { dns: [] as string[], uris: [] as string[] };
  for (const { tag, start, end } of subjectAltNames(der) ?? []) {
    if (tag !== DNS_NAME && tag !== URI_NAME) continue;
    const text = der.toString("latin1", start, end);
    if (!NAME_TEXT.test(text)) return NO_NAMES;
    (tag === DNS_NAME ? texts.dns : texts.uris).push(text);
  }
  return texts;
}

function subjectAltNames(der: Buffer): readonly Value[] | undefined {
  const found = (extensionsOf(der) ?? []).filter(([id]) => isObject(der, id, SUBJECT_ALT_NAME));
  // Two of them would be read as one by some, and as the other one by others (RFC 5280 4.2).
  const [extension, ...others] = found;
  if (extension === undefined || others.length > 0) return undefined;
  const [, second, third] = extension;
  const holder = second?.tag === BOOLEAN ? third : second;
  if (holder?.tag !== OCTET_STRING) return undefined;
  const [names, ...more] = valuesIn(der, holder) ?? [];
  return names?.tag === SEQUENCE && more.length === 0 ? valuesIn(der, names) : undefined;
}

/** Each extension's own values: its id, whether it is critical, what it holds. */
function extensionsOf(der: Buffer): readonly (readonly Value[])[] | undefined {
  const [certificate, ...trailing] = valuesIn(der, { tag: 0, start: 0, end: der.length }) ?? [];
  if (certificate?.tag !== SEQUENCE || trailing.length > 0) return undefined;
  const [signed] = valuesIn(der, certificate) ?? [];
  if (signed?.tag !== SEQUENCE) return undefined;
  const [version, ...fields] = valuesIn(der, signed) ?? [];
  const wrapper = fields.slice(FIXED_FIELDS).find(({ tag }) => tag === EXTENSIONS);
  if (version?.tag !== VERSION || wrapper === undefined) return undefined;
  const [list, ...others] = valuesIn(der, wrapper) ?? [];
  if (list?.tag !== SEQUENCE || others.length > 0) return undefined;
  return valuesIn(der, list)?.map((each) =>
    each.tag === SEQUENCE ? (valuesIn(der, each) ?? []) : [],
  );
}

function isObject(der: Buffer, value: Value | undefined, id: Buffer): boolean {
  return value?.tag === OBJECT_ID && der.subarray(value.start, value.end).equals(id);
}

/** The values that another one consists of. undefined: it does not consist of whole values. */
function valuesIn(der: Buffer, { start, end }: Value): readonly Value[] | undefined {
  const values: Value[] = [];
  let at = start;
  while (at < end) {
    const value = readValue(der, at, end);
    if (value === undefined || values.length === VALUES_MAX) return undefined;
    values.push(value);
    at = value.end;
  }
  return values;
}

/** The value that begins at `at`. undefined: none does, or one that is not DER. */
function readValue(der: Buffer, at: number, end: number): Value | undefined {
  if (at + 2 > end) return undefined;
  const tag = der.readUInt8(at);
  if ((tag & LONG_TAG) === LONG_TAG) return undefined;
  const first = der.readUInt8(at + 1);
  if (first < 0x80) return bounded(tag, at + 2, first, end);
  const count = first - 0x80;
  const start = at + 2 + count;
  if (count === 0 || count > LENGTH_BYTES_MAX || start > end) return undefined;
  const length = der.readUIntBE(at + 2, count);
  // DER has one way of writing a length, the shortest (X.690 section 10.1).
  const isShortest = length >= 0x80 && length >= 2 ** (8 * (count - 1));
  return isShortest ? bounded(tag, start, length, end) : undefined;
}

function bounded(tag: number, start: number, length: number, end: number): Value | undefined {
  return start + length <= end ? { tag, start, end: start + length } : undefined;
}
