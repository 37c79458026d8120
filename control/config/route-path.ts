import { z } from "zod";

/**
 * A path in the form that requests are matched in: printable ASCII, no query, no `//`, no dot
 * segment, no unreserved character in percent-encoding (RFC 3986 section 6.2.2). Another would
 * never match.
 */
export const routePath = z
  .string({ error: "a path that begins with /" })
  .max(4096, { error: "a path of at most 4096 characters" })
  .refine((value) => /^\/[!-~]*$/.test(value) && !/[?#]/.test(value), {
    error: "a path that begins with /, without query, fragment or blanks",
    abort: true,
  })
  .refine((value) => !/\/\/|\/\.{1,2}(?:\/|$)/.test(value) && !hasNeedlessEncoding(value), {
    error: "a path in normal form: no //, no . or .. segment, nothing encoded that need not be",
  });

function hasNeedlessEncoding(value: string): boolean {
  return [...value.matchAll(/%(..)?/g)].some(([, hex]) => {
    if (hex === undefined || !/^[0-9A-Fa-f]{2}$/.test(hex)) return true;
    return /[A-Za-z0-9._~-]/.test(String.fromCharCode(Number.parseInt(hex, 16)));
  });
}
