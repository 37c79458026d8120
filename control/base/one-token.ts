import { FileFlaw } from "./file-flaw.ts";

/**
 * The token that a file holds; white space around it does not count. `path`: of the file, for the
 * error. @throws FileFlaw, which never quotes it
 */
export function oneToken(bytes: Buffer, path: string): string {
  const token = bytes.toString("utf8").trim();
  if (/^[!-~]+$/.test(token)) return token;
  throw new FileFlaw(`one token in ${path}`, token === "" ? "an empty file" : "something else");
}
