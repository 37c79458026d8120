import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runProgram } from "./foreign-process.ts";
import { ownProgram, program } from "./programs.ts";

/** An image is built with `npm ci` in it. */
const BUILD_TIMEOUT_MS = 600_000;
/** Less than any machine's own: raising a limit is not for everybody. */
const LIMITS = ["--ulimit", "nofile=8192:8192", "--ulimit", "nproc=8192:8192"];
/** Containers have the network of this machine, and sit beside other processes of it. */
const CONFIG = `[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "runc"
[containers]
netns = "host"
default_ulimits = []
`;

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
      await containers.podman(["run", "--rm", ...LIMITS, NODE_IMAGE, "node", "--version"]);
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

  /** Starts a container in the background. */
  async run(name: string, args: readonly string[]): Promise<void> {
    await this.podman(["run", "--detach", "--name", name, ...LIMITS, ...args]);
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
    await writeFile(at("containers.conf"), CONFIG);
    await mkdir(at("root"));
    const npm = `$(dirname "$(readlink -f "$(command -v npm)")")/..`;
    const made = `sh "$0" "$1" "$2" "${npm}" && tar -C "$1" -c -f "$1.tar" .`;
    const args = ["-c", made, ownProgram("node-image.sh"), at("root"), process.execPath];
    const { status, error } = await runProgram("sh", args);
    if (status !== 0) throw new Error(`Cannot make ${NODE_IMAGE}: ${error}`);
    await this.podman(["import", "--change", "ENV PATH=/usr/bin:/bin", at("root.tar"), NODE_IMAGE]);
  }
}

/** What stands for the official image of Node. */
const NODE_IMAGE = "localhost/node:test";
