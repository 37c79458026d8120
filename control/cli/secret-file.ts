import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { errorText } from "../../proxy/base/error-text.ts";
import { usageError } from "./cli-error.ts";

/** What everybody on the machine may do with a file. A group is the operator's own choice. */
const OTHERS = 0o007;

/** Larger files hold no token, and no key in PEM. */
const SECRET_BYTES_MAX = 65_536;

/**
 * Reads a file that holds a secret. `what` is it to people, such as `the token file`. Pipes, as of
 * `<(pass show sluice)`, are read to their end.
 * @throws CliError usage, which never quotes the file: it cannot be read, is too large, or others
 * than its owner and group may read or write it
 */
export function readSecretFile(what: string, path: string): string {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(path, "r");
    const stat = fstatSync(descriptor);
    if (stat.isFile() && (stat.mode & OTHERS) !== 0) throw new Error(openToOthers(path, stat.mode));
    return readBounded(descriptor);
  } catch (error) {
    throw usageError(`Cannot read ${what}: ${errorText(error)}`);
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

function openToOthers(path: string, mode: number): string {
  const found = (mode & 0o777).toString(8).padStart(4, "0");
  return `wanted ${path} closed to others, found mode ${found}; \`chmod 600\` closes it`;
}

function readBounded(descriptor: number): string {
  const buffer = Buffer.alloc(SECRET_BYTES_MAX + 1);
  let length = 0;
  while (length < buffer.length) {
    const read = readSync(descriptor, buffer, length, buffer.length - length, null);
    if (read === 0) return buffer.toString("utf8", 0, length);
    length += read;
  }
  throw new Error(`wanted at most ${SECRET_BYTES_MAX} bytes, found more`);
}
