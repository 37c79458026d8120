import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { Pool } from "undici";
import { WebSocket } from "ws";
import { SIZED_ANSWERS, SMALL_BODY } from "../origin/answers.ts";
import type { Failures } from "./failures.ts";
import { errorText } from "../../proxy/base/error-text.ts";

/** Where the traffic goes, and who counts it. */
export type Traffic = {
  readonly port: number;
  readonly failures: Failures;
  readonly signal: AbortSignal;
};

/** Statuses with which a sidecar answers when an endpoint vanishes in the middle of a request. */
const OUTAGE_STATUSES = new Set([502, 503, 504]);
const UPLOAD_BYTES = 64 * 1024;
/** Each loop rests a little: a soak is about time, not load. */
const PAUSE_MS = 2;
const ECHO_WAIT_MS = 10_000;

/** Requests that must succeed, with answers that are checked byte for byte. */
export async function sendGoodRequests({ port, failures, signal }: Traffic): Promise<void> {
  const pool = new Pool(`http://127.0.0.1:${port}`, { connections: 1 });
  const kinds = [getSmall, getLarge, upload];
  for (let turn = 0; !signal.aborted; turn += 1) {
    const send = kinds[turn % kinds.length] as (pool: Pool) => Promise<Wrong | undefined>;
    const startMs = performance.now();
    const wrong = await send(pool).catch((error: unknown): Wrong => ({ why: errorText(error) }));
    const span = { startMs, endMs: performance.now() };
    if (wrong === undefined) failures.succeed(send.name);
    else failures.fail(send.name, wrong.why, span, wrong.status !== undefined || isCut(wrong));
    await sleep(PAUSE_MS);
  }
  await pool.destroy();
}

/** A WebSocket that asks for echoes until the end, and is reopened when its endpoint goes away. */
export async function keepTunnel({ port, failures, signal }: Traffic): Promise<void> {
  while (!signal.aborted) {
    const startMs = performance.now();
    const socket = new WebSocket(`ws://127.0.0.1:${port}/echo`, { perMessageDeflate: false });
    try {
      await once(socket, "open", { signal });
      while (!signal.aborted) {
        await echoOnce(socket);
        failures.succeed("echo");
        await sleep(10);
      }
    } catch (error) {
      const span = { startMs, endMs: performance.now() };
      if (!signal.aborted) failures.fail("echo", errorText(error), span, true);
    }
    socket.on("error", () => undefined);
    socket.terminate();
  }
}

/** What was wrong with an answer. `status`: a status that an outage would explain. */
type Wrong = { readonly why: string; readonly status?: number };

/**
 * An answer that has begun can only be cut short when its endpoint goes away: it must not look
 * complete.
 */
function isCut({ why }: Wrong): boolean {
  return why.includes("other side closed") || why.includes("ECONNRESET");
}

async function getSmall(pool: Pool): Promise<Wrong | undefined> {
  const { statusCode, body } = await pool.request({ path: "/small", method: "GET" });
  const text = await body.text();
  return check(statusCode, text === SMALL_BODY, `another body: ${text.slice(0, 80)}`);
}

async function getLarge(pool: Pool): Promise<Wrong | undefined> {
  const { statusCode, body } = await pool.request({ path: "/1m", method: "GET" });
  const { byteLength } = await body.arrayBuffer();
  return check(statusCode, byteLength === SIZED_ANSWERS["/1m"], `${byteLength} bytes`);
}

async function upload(pool: Pool): Promise<Wrong | undefined> {
  const bytes = randomBytes(UPLOAD_BYTES);
  const request = { path: "/digest", method: "POST", body: bytes } as const;
  const { statusCode, body } = await pool.request(request);
  const wanted = createHash("sha256").update(bytes).digest("hex");
  return check(statusCode, (await body.text()) === wanted, "another digest");
}

function check(status: number, isRight: boolean, otherwise: string): Wrong | undefined {
  if (OUTAGE_STATUSES.has(status)) return { why: `status ${status}`, status };
  if (status !== 200) return { why: `status ${status}` };
  return isRight ? undefined : { why: otherwise };
}

async function echoOnce(socket: WebSocket): Promise<void> {
  const message = randomBytes(64);
  const ended = new AbortController();
  const close = once(socket, "close", { signal: ended.signal }).then(() => {
    throw new Error("The tunnel was closed");
  });
  const signal = AbortSignal.any([ended.signal, AbortSignal.timeout(ECHO_WAIT_MS)]);
  const answered = once(socket, "message", { signal });
  socket.send(message);
  try {
    const [echo] = (await Promise.race([answered, close])) as [Buffer];
    if (!message.equals(echo)) throw new Error("Another message came back");
  } finally {
    ended.abort();
    answered.catch(() => undefined);
    close.catch(() => undefined);
  }
}
