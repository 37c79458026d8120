import { readFile, stat } from "node:fs/promises";
import { hostname, networkInterfaces } from "node:os";
import type { Log } from "../../proxy/base/log.ts";
import { errorCode, errorText } from "../../proxy/base/error-text.ts";
import { parseHosts } from "./hosts-file.ts";
import type { Reach } from "./name-status.ts";
import { parseResolvConf } from "./resolv-conf.ts";
import type { ResolvConf } from "./resolv-conf.ts";

/** Largest file: even lists of a hundred thousand blocked hosts are only a few MiB. */
const FILE_BYTES_MAX = 16 * 1024 * 1024;

/** Where the system keeps what it knows of names. */
export type SystemPaths = { readonly hosts: string; readonly resolvConf: string };

/** What the system itself knows about names. */
export interface SystemNames {
  readonly hosts: ReadonlyMap<string, readonly string[]>;
  readonly conf: ResolvConf;
  reach(): Reach;
  /** Reads again what has changed. true: something had. Must not reject. */
  refresh(): Promise<boolean>;
}

/** /etc/hosts and /etc/resolv.conf, unless the environment names others. */
export function systemPaths(env: NodeJS.ProcessEnv): SystemPaths {
  return {
    hosts: env["SLUICE_HOSTS"] ?? "/etc/hosts",
    resolvConf: env["SLUICE_RESOLV_CONF"] ?? "/etc/resolv.conf",
  };
}

/**
 * The system's files. A missing file says nothing, as for the system itself. If a file becomes
 * unreadable, what it said before stays.
 */
export class SystemFiles implements SystemNames {
  hosts: ReadonlyMap<string, readonly string[]> = new Map();
  conf: ResolvConf = parseResolvConf("", hostname());
  readonly #paths: SystemPaths;
  readonly #log: Log;
  /** How each file was found last. */
  readonly #marks = new Map<string, string>();
  readonly #complaints = new Map<string, string>();

  constructor(paths: SystemPaths, log: Log) {
    this.#paths = paths;
    this.#log = log;
  }

  reach(): Reach {
    const all = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
    const v6 = all.filter(({ family }) => family === "IPv6");
    return {
      v6: v6.some(({ internal, address }) => !internal && !/^fe[89ab]/.test(address)),
      v6Loopback: v6.some(({ address }) => address === "::1"),
    };
  }

  async refresh(): Promise<boolean> {
    const hosts = await this.#changed(this.#paths.hosts);
    if (hosts !== undefined) this.hosts = parseHosts(hosts);
    const conf = await this.#changed(this.#paths.resolvConf);
    if (conf !== undefined) this.conf = parseResolvConf(conf, hostname());
    return hosts !== undefined || conf !== undefined;
  }

  /** The file's text, if it is another one than at the last call. */
  async #changed(path: string): Promise<string | undefined> {
    try {
      const found = await stat(path).catch(unlessMissing);
      const mark = found === undefined ? "missing" : `${found.ctimeMs} ${found.ino} ${found.size}`;
      if (mark === this.#marks.get(path)) return undefined;
      this.#marks.set(path, mark);
      return found === undefined ? "" : await readText(path, found.size);
    } catch (error) {
      this.#complain(path, errorText(error));
      return undefined;
    }
  }

  /** Once for each way in which a file cannot be read. */
  #complain(path: string, error: string): void {
    if (this.#complaints.get(path) === error) return;
    this.#complaints.set(path, error);
    this.#log.warn("names.file-unreadable", { path, error });
  }
}

function unlessMissing(error: unknown): undefined {
  if (errorCode(error) !== "ENOENT") throw error;
}

async function readText(path: string, bytes: number): Promise<string> {
  if (bytes > FILE_BYTES_MAX) throw new Error(`it is larger than ${FILE_BYTES_MAX} bytes`);
  return readFile(path, "utf8");
}
