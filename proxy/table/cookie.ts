const SEMICOLON = 0x3b;
const EQUALS = 0x3d;
const SPACE = 0x20;
const TAB = 0x09;

/**
 * The value of a cookie in a Cookie field, as sent: neither unquoted nor decoded (RFC 6265 section
 * 4.2.2 leaves its meaning to the server). The first of several wins: user agents put the one
 * with the longest path first (section 5.4). undefined: no such cookie.
 */
export function cookieValue(field: string, name: string): string | undefined {
  const start = valueStart(field, name);
  return start < 0 ? undefined : field.slice(start, valueEnd(field, start));
}

/** Whether `cookieValue(field, name) === value`, without making a string. */
export function cookieIs(field: string, name: string, value: string): boolean {
  const start = valueStart(field, name);
  if (start < 0 || !field.startsWith(value, start)) return false;
  return valueEnd(field, start) === start + value.length;
}

function valueStart(field: string, name: string): number {
  let at = 0;
  while (at < field.length) {
    while (isBlank(field.charCodeAt(at))) at += 1;
    const equals = at + name.length;
    if (field.charCodeAt(equals) === EQUALS && field.startsWith(name, at)) return equals + 1;
    const semicolon = field.indexOf(";", at);
    if (semicolon < 0) return -1;
    at = semicolon + 1;
  }
  return -1;
}

function valueEnd(field: string, start: number): number {
  let end = start;
  while (end < field.length && field.charCodeAt(end) !== SEMICOLON) end += 1;
  while (end > start && isBlank(field.charCodeAt(end - 1))) end -= 1;
  return end;
}

function isBlank(code: number): boolean {
  return code === SPACE || code === TAB;
}
