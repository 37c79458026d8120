/** IPv4 in the form of IPv6, as a socket of both has it (RFC 4291 section 2.5.5.2). */
const MAPPED = "::ffff:";

/** An IP address; an IPv4 address in the form of an IPv6 one is an IPv4 address. */
export function unmappedAddress(text: string): string {
  return text.startsWith(MAPPED) && text.includes(".") ? text.slice(MAPPED.length) : text;
}
