import { connect } from "node:net";
import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Traffic } from "./good-traffic.ts";

/** What a client does but should not, and how the sidecar must answer. */
type Misdeed = {
  readonly name: string;
  /** Sent at once. */
  readonly bytes: string;
  /** refused: a status from 400 to 505, then the end. left: the client goes away by itself. */
  readonly ends: "refused" | "left";
};

/** Longer than a sidecar waits for an unfinished head. */
const ANSWER_WAIT_MS = 15_000;
/** How long a client stays before it goes away. */
const STAY_MS = 20;
const PAUSE_MS = 25;

const HOST = "Host: 127.0.0.1\r\n";

const MISDEEDS: readonly Misdeed[] = [
  refused("no HTTP", "\u0016\u0003\u0001\u0002\u0000\u0001\u0000\r\n\r\n"),
  refused(
    "two lengths",
    `POST / HTTP/1.1\r\n${HOST}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello`,
  ),
  refused(
    "length and chunks",
    `POST / HTTP/1.1\r\n${HOST}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  ),
  refused("no host", "GET / HTTP/1.1\r\n\r\n"),
  refused("bare line feed in a field", `GET / HTTP/1.1\r\n${HOST}X: a\nb\r\n\r\n`),
  refused("blank before the colon", `GET / HTTP/1.1\r\n${HOST}X : a\r\n\r\n`),
  refused("head without end", `GET / HTTP/1.1\r\n${HOST}X: ${"a".repeat(200_000)}\r\n\r\n`),
  refused("unfinished head", `GET / HTTP/1.1\r\n${HOST}`),
  left("leaves before the answer", `GET /huge HTTP/1.1\r\n${HOST}\r\n`),
  left("leaves in its body", `POST /digest HTTP/1.1\r\n${HOST}Content-Length: 100000\r\n\r\nhalf`),
  left("says nothing", ""),
];

/** Misdeeds, one after the other, until the end. */
export async function misbehave({ port, failures, signal }: Traffic): Promise<void> {
  for (let turn = 0; !signal.aborted; turn += 1) {
    const misdeed = MISDEEDS[turn % MISDEEDS.length] as Misdeed;
    const startMs = performance.now();
    const found = await commit(misdeed, port);
    const span = { startMs, endMs: performance.now() };
    if (found === undefined) failures.succeed(misdeed.name);
    else failures.fail(misdeed.name, found, span, false);
    await sleep(PAUSE_MS);
  }
}

/** Commits one. undefined: the sidecar reacted as it should. */
async function commit(misdeed: Misdeed, port: number): Promise<string | undefined> {
  const socket = connect({ port, host: "127.0.0.1" });
  socket.on("error", () => undefined);
  socket.write(misdeed.bytes, "latin1");
  try {
    if (misdeed.ends === "left") {
      await sleep(STAY_MS);
      return undefined;
    }
    const answer = await readToEnd(socket);
    return /^HTTP\/1\.1 (?:4\d\d|50[15])/.test(answer)
      ? undefined
      : `answer "${answer.slice(0, 60)}"`;
  } finally {
    socket.destroy();
  }
}

function readToEnd(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    let text = "";
    const tooLate = setTimeout(() => {
      resolve(`nothing in ${ANSWER_WAIT_MS} ms after "${text.slice(0, 20)}"`);
    }, ANSWER_WAIT_MS);
    socket.on("data", (bytes: Buffer) => (text += bytes.toString("latin1")));
    socket.on("close", () => {
      clearTimeout(tooLate);
      resolve(text);
    });
  });
}

function refused(name: string, bytes: string): Misdeed {
  return { name, bytes, ends: "refused" };
}

function left(name: string, bytes: string): Misdeed {
  return { name, bytes, ends: "left" };
}
