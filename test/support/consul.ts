import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { unusedPorts } from "../../control/cli/demo/consul-agent.ts";
import { eventually } from "./eventually.ts";

/** An election of three servers takes some seconds on a busy machine. */
const START_TIMEOUT_MS = 30_000;
/**
 * Agents listen on ports below those that a system gives to outgoing connections (32 768 and up on
 * Linux): an agent that is killed and comes back finds its own ports free.
 */
const PORTS = { from: 20_000, below: 32_000 };
/** Another test may take a port between our look and the agent's. */
const START_TRIES_MAX = 3;

/** How an agent differs from a lone `-dev` one. */
export type AgentOptions = {
  /** 127.0.0.x. Default 127.0.0.1. */
  readonly host?: string;
  /** Further keys of Consul's configuration, which override ours. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Servers of a cluster with data directories, in place of `-dev`. */
  readonly cluster?: { readonly size: number; readonly join: readonly string[] };
  /** Its datacenter, which may be joined with others: see joinWan(). Default: dc1, alone. */
  readonly datacenter?: string;
  /** Files of an HTTPS listener that demands client certificates. */
  readonly tls?: { readonly ca: string; readonly cert: string; readonly key: string };
};

/** A Consul agent of our own, with its own ports. */
export class TestAgent implements AsyncDisposable {
  readonly host: string;
  /** `http://127.0.0.1:PORT`. */
  readonly address: string;
  /** `https://127.0.0.1:PORT`, with `tls`. */
  readonly tlsAddress: string;
  readonly serfAddress: string;
  /** With `datacenter`. */
  readonly wanAddress: string;
  readonly #binary: string;
  readonly #arguments: readonly string[];
  readonly #folder: string;
  readonly #settings: Readonly<Record<string, unknown>>;
  #process: ChildProcess | undefined;
  #output = "";

  private constructor(binary: string, folder: string, options: AgentOptions, ports: Ports) {
    this.#binary = binary;
    this.#folder = folder;
    this.#settings = settingsOf(options, ports);
    this.host = options.host ?? "127.0.0.1";
    this.address = `http://${this.host}:${ports.http}`;
    this.tlsAddress = `https://${this.host}:${ports.https}`;
    this.serfAddress = `${this.host}:${ports.serf_lan}`;
    this.wanAddress = `${this.host}:${ports.serf_wan}`;
    this.#arguments = [
      "agent",
      ...(options.cluster === undefined
        ? ["-dev"]
        : ["-server", `-data-dir=${join(folder, "data")}`]),
      `-bind=${this.host}`,
      `-client=${this.host}`,
      `-node=test-${ports.http}`,
      `-config-file=${join(folder, "agent.json")}`,
    ];
  }

  /** Starts an agent; resolves when it takes requests and, if it is alone, leads. */
  static async start(binary: string, options: AgentOptions = {}): Promise<TestAgent> {
    for (let tries = 1; ; tries += 1) {
      const folder = await mkdtemp(join(tmpdir(), "sluice-consul-"));
      const host = options.host ?? "127.0.0.1";
      const ports = { ...(await freePorts(host)), ...(await unusedPorts(binary)) };
      const agent = new TestAgent(binary, folder, options, ports);
      try {
        await agent.up();
        return agent;
      } catch (error) {
        await agent[Symbol.asyncDispose]();
        const isTaken = String(error).includes("address already in use");
        if (!isTaken || tries === START_TRIES_MAX) throw error;
      }
    }
  }

  /** Starts it again after kill(): a `-dev` one is empty then, a cluster's has its data. */
  async up(): Promise<void> {
    await writeFile(join(this.#folder, "agent.json"), JSON.stringify(this.#settings));
    const child = spawn(this.#binary, this.#arguments, { stdio: ["ignore", "pipe", "pipe"] });
    this.#process = child;
    // A test run that ends early must not leave agents behind.
    const end = (): void => void child.kill("SIGKILL");
    process.once("exit", end);
    child.once("exit", () => process.off("exit", end));
    const note = (chunk: Buffer): void => {
      this.#output = (this.#output + chunk.toString()).slice(-20_000);
    };
    child.stdout.on("data", note);
    child.stderr.on("data", note);
    const ended = once(child, "exit").then(() => {
      throw new Error(`Consul ended: ${this.#output.slice(-2_000)}`);
    });
    // From then on, if it ends, the test has ended it.
    ended.catch(() => undefined);
    await Promise.race([this.#answers(), ended]);
  }

  async #answers(): Promise<void> {
    const wanted = this.#arguments.includes("-dev") ? "status/leader" : "agent/self";
    await eventually(async () => {
      if (this.#process?.exitCode !== null) return;
      const answer = await this.get(wanted);
      if (answer === "" || answer === undefined) throw new Error("No leader yet");
    }, START_TIMEOUT_MS);
  }

  /** Without a goodbye: as if the machine had lost power. */
  async kill(): Promise<void> {
    const child = this.#process;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGCONT");
    child.kill("SIGKILL");
    await once(child, "exit");
  }

  /** SIGSTOP: takes connections (the kernel does) and never answers. */
  freeze(): void {
    this.#process?.kill("SIGSTOP");
  }

  thaw(): void {
    this.#process?.kill("SIGCONT");
  }

  /** JSON of GET /v1/PATH, without any code of ours. */
  async get(path: string): Promise<unknown> {
    const response = await fetch(`${this.address}/v1/${path}`, {
      signal: AbortSignal.timeout(5_000),
    });
    return response.ok ? response.json() : undefined;
  }

  /** PUT /v1/PATH. @throws when Consul refuses. */
  async put(path: string, body: unknown = ""): Promise<unknown> {
    const response = await fetch(`${this.address}/v1/${path}`, {
      method: "PUT",
      body: typeof body === "string" ? body : JSON.stringify(body),
      signal: AbortSignal.timeout(5_000),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`PUT ${path}: ${response.status} ${text}`);
    return text === "" ? undefined : JSON.parse(text);
  }

  /** Joins this datacenter with another one; resolves when requests get there. */
  async joinWan(other: TestAgent, datacenter: string): Promise<void> {
    await this.put(`agent/join/${other.wanAddress}?wan=1`);
    await eventually(async () => {
      const answer = await this.get(`catalog/nodes?dc=${datacenter}`);
      if (answer === undefined) throw new Error(`No path to ${datacenter} yet`);
    }, START_TIMEOUT_MS);
  }

  async delete(path: string): Promise<void> {
    await fetch(`${this.address}/v1/${path}`, { method: "DELETE" });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** Three servers on 127.0.0.x with data directories and a leader. */
export async function startCluster(binary: string): Promise<readonly TestAgent[]> {
  const first = await TestAgent.start(binary, { cluster: { size: 3, join: [] } });
  const cluster = { size: 3, join: [first.serfAddress] };
  const others = await Promise.all([
    TestAgent.start(binary, { host: "127.0.0.2", cluster }),
    TestAgent.start(binary, { host: "127.0.0.3", cluster }),
  ]);
  const agents = [first, ...others];
  await eventually(async () => {
    const leaders = await Promise.all(agents.map((agent) => agent.get("status/leader")));
    if (leaders.some((leader) => typeof leader !== "string" || leader === "")) {
      throw new Error(`No leader yet: ${JSON.stringify(leaders)}`);
    }
  }, START_TIMEOUT_MS);
  return agents;
}

type Ports = Readonly<Record<"http" | "https" | "server" | "serf_lan" | "serf_wan", number>>;

function settingsOf(
  { cluster, tls, settings, datacenter }: AgentOptions,
  ports: Ports,
): Readonly<Record<string, unknown>> {
  return {
    ports: {
      ...ports,
      https: tls === undefined ? -1 : ports.https,
      serf_wan: datacenter === undefined ? -1 : ports.serf_wan,
    },
    disable_update_check: true,
    log_level: "WARN",
    leave_on_terminate: false,
    limits: { http_max_conns_per_client: 5_000 },
    ...(cluster && {
      bootstrap_expect: cluster.size,
      retry_join: cluster.join,
      retry_interval: "1s",
      performance: { raft_multiplier: 1 },
    }),
    ...(datacenter !== undefined && { datacenter }),
    ...(tls && {
      ca_file: tls.ca,
      cert_file: tls.cert,
      key_file: tls.key,
      verify_incoming_https: true,
    }),
    ...settings,
  };
}

/** Consul cannot choose ports by itself, so we look for free ones. -1: off. */
async function freePorts(host: string): Promise<Ports> {
  const ports = new Set<number>();
  while (ports.size < 5) {
    const port = PORTS.from + Math.floor(Math.random() * (PORTS.below - PORTS.from));
    if (await isFree(port, host)) ports.add(port);
  }
  const [http = 0, https = 0, rpc = 0, serf = 0, wan = 0] = ports;
  return { http, https, server: rpc, serf_lan: serf, serf_wan: wan };
}

async function isFree(port: number, host: string): Promise<boolean> {
  const server = createServer().listen(port, host);
  try {
    await once(server, "listening");
    await once(server.close(), "close");
    return true;
  } catch {
    return false;
  }
}
