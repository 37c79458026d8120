import { fork, spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import type { Clock } from "../../../proxy/base/clock.ts";
import { demoKeeperFile, demoShopFile, ownProgramFile } from "../../base/program-files.ts";
import { errorText } from "../../../proxy/base/error-text.ts";
import { CliError } from "../cli-error.ts";

/** How long a child may take to start. */
const START_TIMEOUT_MS = 30_000;

/** How long a child may take to end before it is killed. */
const END_TIMEOUT_MS = 4000;

/** How often a sidecar is asked whether it is ready. */
const READY_INTERVAL_MS = 50;

/** Characters of a sidecar's log that are kept, to say why it died. */
const LAST_WORDS_MAX = 4096;

/** For Node: SIGUSR1 would open its debugger to every user of this machine. */
const NO_DEBUGGER = "--disable-sigusr1";

/** A program that listens. */
export type Program = {
  /** For errors: `the sidecar`. */
  readonly name: string;
  readonly file: string;
  readonly args: readonly string[];
};

/** The entry files of what a demo starts. */
export type DemoPrograms = {
  readonly sluice: string;
  readonly shop: string;
  /** Ends a program together with the demo. */
  readonly keeper: string;
};

/** Those that are beside what runs. */
const OWN_PROGRAMS: DemoPrograms = {
  sluice: ownProgramFile(),
  shop: demoShopFile(),
  keeper: demoKeeperFile(),
};

/** Processes that end with the demo. */
export class Children {
  readonly #clock: Clock;
  readonly #programs: DemoPrograms;
  readonly #running = new Set<ChildProcess>();

  constructor(clock: Clock, programs: DemoPrograms = OWN_PROGRAMS) {
    this.#clock = clock;
    this.#programs = programs;
  }

  /**
   * Starts one version of the shop and returns the port that it listens on. `bad`: one of five
   * of its answers is a failure.
   * @throws CliError demo_start when it does not come up.
   */
  async startShop(version: string, ...more: readonly "bad"[]): Promise<number> {
    const child = fork(this.#programs.shop, [version, ...more], {
      execArgv: [...process.execArgv, NO_DEBUGGER],
      stdio: ["ignore", "ignore", "inherit", "ipc"],
      // As below: what ends the demo's process group must not end a version under its load.
      detached: true,
    });
    this.#add(child);
    const signal = AbortSignal.timeout(START_TIMEOUT_MS);
    const [message] = await once(child, "message", { signal }).catch((error: unknown) => {
      const limitS = START_TIMEOUT_MS / 1000;
      const why = `wanted it to listen within ${limitS} s, found ${errorText(error)}`;
      throw new CliError("demo_start", `Cannot start shop ${version}: ${why}`, { cause: error });
    });
    return (message as { readonly port: number }).port;
  }

  /**
   * Starts `sluice run` and waits until it is ready.
   * @throws CliError demo_start when it does not come up; its last words are in the message.
   */
  async startSidecar(configPath: string, controlUrl: string): Promise<void> {
    const args = [NO_DEBUGGER, this.#programs.sluice, "run", "-c", configPath];
    const program = { name: "the sidecar", file: process.execPath, args };
    await this.startProgram(program, async () => isOk(`${controlUrl}/readyz`));
  }

  /**
   * Starts a program and waits until `isReady` says so.
   * @throws CliError demo_start when it does not come up; its last words are in the message.
   */
  async startProgram(
    { name, file, args }: Program,
    isReady: () => Promise<boolean>,
  ): Promise<void> {
    const child = spawn(process.execPath, [NO_DEBUGGER, this.#programs.keeper, file, ...args], {
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      // Its own process group: Ctrl-C must not end it before the load has.
      detached: true,
    });
    this.#add(child);
    let lastWords = "";
    const keep = (chunk: Buffer): void => {
      lastWords = (lastWords + chunk.toString()).slice(-LAST_WORDS_MAX);
    };
    child.stdout?.on("data", keep);
    child.stderr?.on("data", keep);
    const deadlineMs = this.#clock.nowMs() + START_TIMEOUT_MS;
    while (!(await isReady())) {
      if (hasEnded(child) || this.#clock.nowMs() > deadlineMs) {
        // What has never run is not missed.
        if (hasEnded(child)) this.#running.delete(child);
        const why = lastWords.trim() || "no answer";
        throw new CliError("demo_start", `Cannot start ${name}: ${why}`);
      }
      await this.#clock.sleep(READY_INTERVAL_MS);
    }
  }

  /** Why the demo cannot go on. undefined: all children are there. */
  get lost(): string | undefined {
    const ended = [...this.#running].find(hasEnded);
    return ended === undefined ? undefined : `Process ${ended.spawnargs.join(" ")} has ended`;
  }

  /** Ends all of them, the latest first; kills those that do not end in time. */
  async stop(): Promise<void> {
    for (const child of [...this.#running].toReversed()) {
      this.#running.delete(child);
      if (hasEnded(child)) continue;
      const ended = once(child, "exit");
      const killer = setTimeout(() => child.kill("SIGKILL"), END_TIMEOUT_MS);
      child.kill("SIGTERM");
      await ended;
      clearTimeout(killer);
    }
  }

  #add(child: ChildProcess): void {
    // A child that cannot be started, or be signalled, is one that has ended.
    child.on("error", () => undefined);
    this.#running.add(child);
  }
}

/** Two ports of 127.0.0.1 that nobody uses at this moment. */
export async function freePorts(): Promise<readonly [number, number]> {
  const servers = [createServer(), createServer()] as const;
  const listening = servers.map(async (server) => {
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return (server.address() as AddressInfo).port;
  });
  const [first = 0, second = 0] = await Promise.all(listening);
  await Promise.all(servers.map((server) => server[Symbol.asyncDispose]()));
  return [first, second];
}

async function isOk(url: string): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(START_TIMEOUT_MS);
    return (await fetch(url, { signal })).ok;
  } catch {
    return false;
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}
