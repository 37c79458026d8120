/** One value in DER. */
export function derValue(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(contents);
  const { length } = content;
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), content]);
  const bytes = Buffer.from(length.toString(16).padStart(length > 0xffff ? 6 : 4, "0"), "hex");
  const shortest = length < 0x100 ? bytes.subarray(1) : bytes;
  return Buffer.concat([Buffer.from([tag, 0x80 + shortest.length]), shortest, content]);
}

/** A name in a subjectAltName: 2 is DNS, 6 a URI, 1 an email address. */
export function altName(kind: number, text: string): Buffer {
  return derValue(0x80 + kind, Buffer.from(text, "latin1"));
}

/** An extension; `content` is inside its octet string. */
export function extension(id: readonly number[], content: Uint8Array, critical = false): Buffer {
  const isCritical = critical ? [derValue(0x01, Buffer.from([0xff]))] : [];
  return derValue(0x30, derValue(0x06, Buffer.from(id)), ...isCritical, derValue(0x04, content));
}

/** A subjectAltName. */
export function altNames(names: readonly Uint8Array[], critical = false): Buffer {
  return extension([0x55, 0x1d, 0x11], derValue(0x30, ...names), critical);
}

/** A certificate that nobody has signed, with these extensions. */
export function certificate(extensions: readonly Uint8Array[]): Buffer {
  const algorithm = derValue(0x30, derValue(0x06, Buffer.from([0x2a, 0x03])));
  const fields = [
    derValue(0xa0, derValue(0x02, Buffer.from([2]))),
    derValue(0x02, Buffer.from([1])),
    algorithm,
    derValue(0x30),
    derValue(
      0x30,
      derValue(0x17, Buffer.from("260101000000Z")),
      derValue(0x17, Buffer.from("360101000000Z")),
    ),
    derValue(0x30),
    derValue(0x30, algorithm, derValue(0x03, Buffer.alloc(300))),
  ];
  const signed = derValue(0x30, ...fields, derValue(0xa3, derValue(0x30, ...extensions)));
  return derValue(0x30, signed, algorithm, derValue(0x03, Buffer.alloc(65)));
}
