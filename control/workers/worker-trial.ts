import type { SendHandle } from "node:child_process";
import type { Clock } from "../../proxy/base/clock.ts";
import { PROTOCOL } from "../../proxy/messages/messages.ts";
import { WorkerError } from "../base/errors.ts";
import { ListeningSockets } from "./listening-sockets.ts";
import { http } from "../base/node-http.ts";
import type { WorkerProcess } from "./worker-process.ts";

/** Where a worker on trial listens: nobody else knows the port. */
const BIND = "127.0.0.1:0";
/** How long one answer may take. */
const ANSWER_WAIT_MS = 2_000;
/** Pause between two requests of a trial. */
const PAUSE_MS = 50;

/**
 * Sends requests to a new worker for `trialMs` before it gets any traffic: through a real socket
 * and the whole of its HTTP engine. @throws WorkerError when it ends, or one answer is wrong or
 * late.
 */
export async function tryWorker(
  worker: WorkerProcess,
  trialMs: number,
  clock: Clock,
): Promise<void> {
  const sockets = new ListeningSockets();
  try {
    const socket = await sockets.open(BIND);
    const listener = {
      bind: BIND,
      service: undefined,
      trustedPeers: [],
      proxyProtocol: false,
      connectionsMax: 16,
    };
    await worker.ask({ kind: "listen", listener }, socket as unknown as SendHandle);
    if (worker.protocol !== PROTOCOL) {
      throw new WorkerError(`wanted a worker of protocol ${PROTOCOL}, found ${worker.protocol}`);
    }
    const port = Number(sockets.address(BIND).split(":").at(-1));
    const endMs = clock.nowMs() + trialMs;
    do {
      await expectAnswer(port, worker);
      await clock.sleep(Math.max(0, Math.min(PAUSE_MS, endMs - clock.nowMs())));
    } while (clock.nowMs() < endMs);
    await worker.ask({ kind: "unlisten", bind: BIND });
  } finally {
    sockets.closeAll();
  }
}

/** `OPTIONS *` asks about the proxy itself; every version of it answers 204. */
function expectAnswer(port: number, worker: WorkerProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (found: string): void => {
      reject(new WorkerError(`worker ${worker.pid} on trial: wanted status 204, found ${found}`));
    };
    const target = { host: "127.0.0.1", port, method: "OPTIONS", path: "*", agent: false };
    const asked = http.request(target, (response) => {
      response.resume();
      if (response.statusCode === 204) resolve();
      else fail(String(response.statusCode));
    });
    asked.setTimeout(ANSWER_WAIT_MS, () => asked.destroy(new Error("no answer in time")));
    asked.on("error", (error) => fail(error.message));
    asked.end();
  });
}
