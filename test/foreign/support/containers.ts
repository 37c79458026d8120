import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { runProgram } from "./foreign-process.ts";
import type { Ended } from "./foreign-process.ts";
import { ownProgram, program } from "./programs.ts";

/** An image is built with `npm ci` in it. */
const BUILD_TIMEOUT_MS = 600_000;
/** Less than any machine's own: raising a limit is not for everybody. */
const LIMITS = ["--ulimit", "nofile=8192:8192", "--ulimit", "nproc=8192:8192"];
/** Containers have the network of this machine, and sit beside other processes of it. */
function configOf(folder: string): string {
  return `[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "runc"
[network]
network_backend = "netavark"
network_config_dir = "${join(folder, "networks")}"
[containers]
netns = "host"
default_ulimits = ["nofile=8192:8192", "nproc=8192:8192"]
`;
}

/**
 * Podman with a store of its own, which goes away with it. Needs root, and a kernel and a
 * container, if this is one, that let it have containers.
 */
export class Containers implements AsyncDisposable {
  readonly #folder: string;
  readonly #env: Readonly<Record<string, string>>;

  /** @throws with the reason when this machine cannot have containers. */
  static async start(): Promise<Containers> {
    if (process.getuid?.() !== 0) throw new Error("this needs root");
    const containers = new Containers(await mkdtemp(join(tmpdir(), "sluice-containers-")));
    try {
      await containers.#prepare();
      await containers.podman(["run", "--rm", NODE_IMAGE, "node", "--version"]);
      return containers;
    } catch (error) {
      await containers[Symbol.asyncDispose]();
      throw error;
    }
  }

  private constructor(folder: string) {
    this.#folder = folder;
    this.#env = {
      CONTAINERS_STORAGE_CONF: join(folder, "storage.conf"),
      CONTAINERS_CONF: join(folder, "containers.conf"),
      // Checks of health are asked for here, and not by timers of systemd.
      DISABLE_HC_SYSTEMD: "true",
    };
  }

  /** Runs podman to its end; what it says. @throws that, when it fails. */
  async podman(args: readonly string[]): Promise<string> {
    const options = { env: this.#env, timeoutMs: BUILD_TIMEOUT_MS };
    const { status, out, error } = await runProgram(program("podman"), args, options);
    if (status !== 0) throw new Error(`podman ${args.join(" ")}: ${out}${error}`);
    return out;
  }

  /**
   * Builds an image of `context` with a file whose stages stand on NODE_IMAGE instead of what they
   * name: no registry is asked for images.
   */
  async build(tag: string, dockerfile: string, context: string): Promise<void> {
    const file = join(this.#folder, "Dockerfile");
    await writeFile(file, dockerfile.replaceAll(/^FROM \S+/gm, `FROM ${NODE_IMAGE}`));
    const how = ["--format", "docker", "--layers=false", "--isolation", "chroot", ...LIMITS];
    await this.podman(["build", ...how, "--network", "host", "-t", tag, "-f", file, context]);
  }

  /** Makes an image of a program of this machine. `args`: what it is run with. */
  async ofProgram(tag: string, file: string, ...args: readonly string[]): Promise<void> {
    const root = await mkdtemp(join(this.#folder, "program-"));
    const entry = `ENTRYPOINT ${JSON.stringify([`/bin/${basename(file)}`])}`;
    await this.#import(
      tag,
      root,
      ["program-image.sh", file],
      [entry, `CMD ${JSON.stringify(args)}`],
    );
  }

  /**
   * Brings services of an application of Compose up where nobody else has a network, and says what
   * it answers: see programs/compose-up.sh.
   */
  composeUp(folder: string, ...services: readonly string[]): Promise<Ended> {
    const own = ["--net", "--pid", "--fork", "--kill-child", "--mount-proc"];
    const socket = join(this.#folder, "podman.sock");
    const args = [...own, "sh", ownProgram("compose-up.sh"), folder, socket, ...services];
    return runProgram(program("unshare"), args, { env: this.#env, timeoutMs: BUILD_TIMEOUT_MS });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.podman(["rm", "--all", "--force"]).catch(() => undefined);
    await this.podman(["rmi", "--all", "--force"]).catch(() => undefined);
    // The store is a mount of itself.
    await runProgram("umount", ["--recursive", join(this.#folder, "graph", "overlay")]);
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #prepare(): Promise<void> {
    const at = (name: string): string => join(this.#folder, name);
    const places = `runroot = "${at("run")}"\ngraphroot = "${at("graph")}"\n`;
    await writeFile(at("storage.conf"), `[storage]\ndriver = "overlay"\n${places}`);
    await writeFile(at("containers.conf"), configOf(this.#folder));
    await mkdir(at("root"));
    const made = ["node-image.sh", process.execPath];
    await this.#import(NODE_IMAGE, at("root"), made, ["ENV PATH=/usr/bin:/bin"]);
  }

  /** Makes an image of what a program of ours puts into a folder. */
  async #import(
    tag: string,
    root: string,
    [script = "", ...args]: readonly string[],
    changes: readonly string[],
  ): Promise<void> {
    const made = `sh "$0" "$@" && tar -C "$1" -c -f "$1.tar" .`;
    const { status, error } = await runProgram("sh", [
      "-c",
      made,
      ownProgram(script),
      root,
      ...args,
    ]);
    if (status !== 0) throw new Error(`Cannot make ${tag}: ${error}`);
    const change = changes.flatMap((each) => ["--change", each]);
    await this.podman(["import", ...change, `${root}.tar`, tag]);
  }
}

/** What stands for the official image of Node. */
export const NODE_IMAGE = "localhost/node:test";
