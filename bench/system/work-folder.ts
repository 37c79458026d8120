import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A folder for the configurations of one server, gone when it is. */
export class WorkFolder implements AsyncDisposable {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** Makes a new one, readable also for servers that give up their privileges. */
  static async make(): Promise<WorkFolder> {
    const path = await mkdtemp(join(tmpdir(), "sluice-bench-"));
    await chmod(path, 0o755);
    return new WorkFolder(path);
  }

  /** Writes a file into it and returns its path. `mode`: 0o600 for keys. */
  async write(name: string, content: string | Uint8Array, mode = 0o644): Promise<string> {
    const path = join(this.path, name);
    await writeFile(path, content, { mode });
    return path;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
  }
}
