import type { SendHandle } from "node:child_process";
import type { IncomingMessage } from "node:http";
import type { Clock } from "../../proxy/base/clock.ts";
import { PROTOCOL } from "../../proxy/messages/messages.ts";
import type { ListenerTls } from "../../proxy/table/tls.ts";
import { WorkerError } from "../base/errors.ts";
import { ListeningSockets } from "./listening-sockets.ts";
import { http, nodeHttps } from "../base/node-http.ts";
import type { WorkerProcess } from "./worker-process.ts";

/** Where a worker on trial listens: nobody else knows the port. */
const BIND = "127.0.0.1:0";
/** What it opens, without TLS. */
const LISTENER = {
  bind: BIND,
  service: undefined,
  trustedPeers: [],
  proxyProtocol: false,
  protocols: ["http/1.1"] as const,
  connectionsMax: 16,
};
/** How long one answer may take. */
const ANSWER_WAIT_MS = 2_000;
/** Pause between two requests of a trial. */
const PAUSE_MS = 50;

/**
 * Sends requests to a new worker for `trialMs` before it gets any traffic: through a real socket
 * and the whole of its HTTP engine, over TLS if `tls` is a listener's. @throws WorkerError when it
 * ends, or one answer is wrong or late.
 */
export async function tryWorker(
  worker: WorkerProcess,
  trialMs: number,
  clock: Clock,
  tls?: ListenerTls,
): Promise<void> {
  const sockets = new ListeningSockets();
  try {
    const socket = await sockets.open(BIND);
    const listener = { ...LISTENER, tls: tls === undefined ? undefined : openToAll(tls) };
    await worker.ask({ kind: "listen", listener }, socket as unknown as SendHandle);
    if (worker.protocol !== PROTOCOL) {
      throw new WorkerError(`wanted a worker of protocol ${PROTOCOL}, found ${worker.protocol}`);
    }
    const port = Number(sockets.address(BIND).split(":").at(-1));
    const endMs = clock.nowMs() + trialMs;
    do {
      await expectAnswer(port, worker, tls !== undefined);
      await clock.sleep(Math.max(0, Math.min(PAUSE_MS, endMs - clock.nowMs())));
    } while (clock.nowMs() < endMs);
    await worker.ask({ kind: "unlisten", bind: BIND });
  } finally {
    sockets.closeAll();
  }
}

/** We have no certificate to show. */
function openToAll(tls: ListenerTls): ListenerTls {
  return { ...tls, clientCert: "none", trust: undefined, intentions: false };
}

/**
 * `OPTIONS *` asks about the proxy itself; every version of it answers 204. Each time with a
 * handshake if `isTls`, whatever the certificate is.
 */
function expectAnswer(port: number, worker: WorkerProcess, isTls: boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (found: string): void => {
      reject(new WorkerError(`worker ${worker.pid} on trial: wanted status 204, found ${found}`));
    };
    const onAnswer = (response: IncomingMessage): void => {
      response.resume();
      if (response.statusCode === 204) resolve();
      else fail(String(response.statusCode));
    };
    const target = { host: "127.0.0.1", port, method: "OPTIONS", path: "*", agent: false };
    const asked = isTls
      ? nodeHttps().request({ ...target, rejectUnauthorized: false }, onAnswer)
      : http.request(target, onAnswer);
    asked.setTimeout(ANSWER_WAIT_MS, () => asked.destroy(new Error("no answer in time")));
    asked.on("error", (error) => fail(error.message));
    asked.end();
  });
}
