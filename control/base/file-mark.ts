import { stat } from "node:fs/promises";
import { errorText } from "../../proxy/base/error-text.ts";

/**
 * Tells one state of a file from another; links are followed. A file that was replaced differs in
 * its inode at least, and one that is not there has a state too. Never rejects.
 */
export async function fileMark(path: string): Promise<string> {
  try {
    const { ino, size, mode, uid, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
    return [ino, size, mode, uid, mtimeNs, ctimeNs].join(" ");
  } catch (error) {
    return errorText(error);
  }
}
