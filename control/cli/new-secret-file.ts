import { open, rm } from "node:fs/promises";
import { errorCode, errorText } from "../../proxy/base/error-text.ts";
import { CliError } from "./cli-error.ts";

/**
 * Writes a secret to a new file that only its owner can read. `what` is it to people, such as `the
 * token`. A file that is there already, or a link, is somebody else's.
 * @throws CliError output_failed
 */
export async function writeNewSecret(what: string, path: string, text: string): Promise<void> {
  let isOurs = false;
  try {
    await using file = await open(path, "wx", 0o600);
    isOurs = true;
    await file.writeFile(text);
    await file.sync();
  } catch (error) {
    if (isOurs) await rm(path, { force: true });
    const why =
      errorCode(error) === "EEXIST" ? `wanted a new file, found ${path}` : errorText(error);
    throw new CliError("output_failed", `Cannot write ${what}: ${why}`, { cause: error });
  }
}
