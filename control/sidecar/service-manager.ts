import { execFile } from "node:child_process";
import type { Log } from "../../proxy/base/log.ts";

/** systemd answers in milliseconds; one that does not must not keep a drain waiting. */
const TELL_WAIT_MS = 5_000;

/** Beyond what a drain may take by the configuration: to close files and processes. */
const STOP_MARGIN_MS = 10_000;

/**
 * The service manager that waits for news of this process (sd_notify(3)): systemd, where the unit
 * has `Type=notify` and `NotifyAccess=all`. Node has no datagrams of Unix sockets, so systemd's own
 * program sends them, each in its turn.
 */
export class ServiceManager {
  readonly #env: NodeJS.ProcessEnv;
  readonly #log: Log;
  #watch: NodeJS.Timeout | undefined;
  /** News that have not arrived yet: each reload and drain has few, and reloads take turns. */
  #pending = 0;
  #told: Promise<boolean> = Promise.resolve(false);
  /** Whether it has ever been reached: it then follows this process to its successor. */
  isReached = false;

  /** undefined: nobody waits for news. */
  static of(env: NodeJS.ProcessEnv, log: Log): ServiceManager | undefined {
    return env["NOTIFY_SOCKET"] ? new ServiceManager(env, log) : undefined;
  }

  private constructor(env: NodeJS.ProcessEnv, log: Log) {
    this.#env = env;
    this.#log = log;
  }

  /** The sidecar serves; also again, after `reloading`. */
  ready(): Promise<boolean> {
    return this.#tell("READY=1");
  }

  /** The sidecar reads its configuration again. */
  reloading(): Promise<boolean> {
    const nowUs = process.hrtime.bigint() / 1_000n;
    return this.#tell("RELOADING=1", `MONOTONIC_USEC=${nowUs}`);
  }

  /** The sidecar drains, and will have ended after `withinMs`, whatever the unit says. */
  stopping(withinMs: number): Promise<boolean> {
    const withinUs = (withinMs + STOP_MARGIN_MS) * 1_000;
    return this.#tell("STOPPING=1", `EXTEND_TIMEOUT_USEC=${withinUs}`);
  }

  /** Another process is the service from now on. Resolves with whether the manager knows. */
  follow(pid: number): Promise<boolean> {
    return this.#tell(`MAINPID=${pid}`);
  }

  /** Says that this process lives, twice in each `WatchdogSec` of the unit, if it has one. */
  watch(): void {
    const { WATCHDOG_USEC: everyUs = "", WATCHDOG_PID: pid = "" } = this.#env;
    const everyMs = Number(everyUs) / 1_000;
    if (!(everyMs > 0) || (pid !== "" && pid !== String(process.pid))) return;
    const sign = (): void => {
      // While anything else is under way, that will do, and nothing piles up.
      if (this.#pending === 0) void this.#tell("WATCHDOG=1");
    };
    this.#watch = setInterval(sign, everyMs / 2).unref();
  }

  /** No more signs of life: those of a process that leaves would hide a successor that hangs. */
  close(): void {
    clearInterval(this.#watch);
  }

  #tell(...news: readonly string[]): Promise<boolean> {
    this.#pending += 1;
    this.#told = this.#told
      .then(() => this.#send(news))
      .finally(() => {
        this.#pending -= 1;
      });
    return this.#told;
  }

  /** Whether it has arrived: the program waits until the manager has read it. */
  #send(news: readonly string[]): Promise<boolean> {
    const { NOTIFY_SOCKET, PATH } = this.#env;
    const options = { env: { NOTIFY_SOCKET, PATH }, timeout: TELL_WAIT_MS };
    return new Promise((resolve) => {
      execFile("systemd-notify", [...news], options, (failure) => {
        if (failure === null) this.isReached = true;
        else this.#log.warn("notify.failed", { news: news.join(" "), message: failure.message });
        resolve(failure === null);
      });
    });
  }
}

/** Runs a reload, whose begin and end the manager is told of. @throws what `run` throws. */
export async function toldReload<Result>(
  manager: Pick<ServiceManager, "reloading" | "ready"> | undefined,
  run: () => Promise<Result>,
): Promise<Result> {
  void manager?.reloading();
  try {
    return await run();
  } finally {
    void manager?.ready();
  }
}
