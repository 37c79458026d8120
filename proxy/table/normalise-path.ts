const SLASH = 0x2f;
const DOT = 0x2e;
const PERCENT = 0x25;
const BACKSLASH = 0x5c;
const FIRST_RAW = 0x80;

/** Escapes of unreserved characters (RFC 3986 section 2.3), of `/` and of `\`. */
const READABLE = /^%(?:2[def]|3\d|4[1-9a-f]|5[0-9acf]|6[1-9a-f]|7[0-9ae])$/i;

/**
 * Whether `normalisePath` could change this path. One pass, no allocation. True for every path with
 * an escape, which `normalisePath` may still return unchanged.
 */
export function needsNormalising(path: string): boolean {
  let previous = 0;
  for (let at = 0; at < path.length; at += 1) {
    const code = path.charCodeAt(at);
    if (code === PERCENT || code === BACKSLASH || code >= FIRST_RAW) return true;
    if (previous === SLASH && (code === SLASH || isDotSegment(path, at))) return true;
    previous = code;
  }
  return path.length === 0;
}

/**
 * The path to match routes on, so that no spelling of a path slips past its route: what an
 * application may read as the same path is made the same. Only for matching; what is forwarded
 * stays as sent.
 * - escapes of unreserved characters are decoded, others get upper-case digits (RFC 3986 6.2.2);
 * - bytes above ASCII, each a character here, become escapes (RFC 3987 3.1);
 * - `\`, `%5C` and `%2F` count as `/`, and several slashes as one (Envoy's edge guide);
 * - then dot segments are removed (RFC 3986 5.2.4), never above the root.
 * An empty path is `/`. Idempotent for paths whose escapes are valid; the parser refuses others.
 */
export function normalisePath(path: string): string {
  if (!needsNormalising(path)) return path;
  const decoded = escapeRaw(path)
    .replaceAll(/%[0-9a-f]{2}/gi, readableOrUpperCase)
    .replaceAll("\\", "/");
  const kept: string[] = [];
  const segments = decoded.split("/");
  for (const segment of segments) {
    if (segment === "..") kept.pop();
    else if (segment !== "" && segment !== ".") kept.push(segment);
  }
  const last = segments.at(-1);
  const isFolder = last === "" || last === "." || last === "..";
  return kept.length > 0 && isFolder ? `/${kept.join("/")}/` : `/${kept.join("/")}`;
}

/** Escapes in the place of bytes above ASCII, each a character here (RFC 3987 section 3.1). */
export function escapeRaw(text: string): string {
  // Nearly every text is ASCII, and finding that out must not cost a regular expression.
  let at = 0;
  while (at < text.length && text.charCodeAt(at) < FIRST_RAW) at += 1;
  if (at === text.length) return text;
  return text.replaceAll(/[\u0080-\u00ff]/g, escaped);
}

/** `.`, `..` or something that begins with `..`: `.well-known` does not need a closer look. */
function isDotSegment(path: string, at: number): boolean {
  if (path.charCodeAt(at) !== DOT) return false;
  const next = path.charCodeAt(at + 1);
  return at + 1 === path.length || next === SLASH || next === DOT;
}

function escaped(byte: string): string {
  return `%${byte.charCodeAt(0).toString(16).toUpperCase()}`;
}

function readableOrUpperCase(escape: string): string {
  if (!READABLE.test(escape)) return escape.toUpperCase();
  return String.fromCharCode(Number.parseInt(escape.slice(1), 16));
}
