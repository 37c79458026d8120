/** Reads an http:// or https:// URL that names no user. undefined: it is none. */
export function readHttpUrl(text: string): URL | undefined {
  const url = URL.parse(text);
  if (url?.protocol !== "http:" && url?.protocol !== "https:") return undefined;
  return url.username + url.password === "" ? url : undefined;
}
