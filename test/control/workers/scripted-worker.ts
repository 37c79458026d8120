import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { WorkerProcess } from "../../../control/workers/worker-process.ts";
import type { WorkerProcessOptions } from "../../../control/workers/worker-process.ts";
import { PROTOCOL } from "../../../proxy/messages/messages.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

/**
 * What a scripted worker has at hand: `say(message)`, `onAsked(kind, answer)`, and `listen(message,
 * handle, status)`, which accepts and answers every request with this status.
 */
const PRELUDE = `
import { createServer } from "node:http";
const answers = new Map();
const say = (message, handle, sent) => process.send(message, handle, {}, sent);
const done = ({ id }) => say({ kind: "done", id });
const onAsked = (kind, answer) => answers.set(kind, answer);
const listen = (message, handle, status) => {
  const server = createServer((_request, response) => response.writeHead(status).end());
  server.listen(handle, () => done(message));
};
const STATS = { versions: [], endpoints: [], filters: [], rejected: {}, revision: 1,
  connections: { h1: 0, h2: 0, tunnel: 0 } };
onAsked("stats", ({ id }) => say({ kind: "stats", id, stats: STATS }));
onAsked("listen", (message, handle) => listen(message, handle, 204));
process.on("message", (message, handle) => (answers.get(message.kind) ?? done)(message, handle));
process.on("disconnect", () => process.exit());
`;

/** Says that it is there, as a worker does. */
export const STARTED = `say({ kind: "started", protocol: ${PROTOCOL} });`;

/**
 * The entry file of a worker of a few lines. It answers everything at once but for what they say.
 */
export async function workerFile(lines: string): Promise<string> {
  const file = join(await temporaryFolder(), "worker.mjs");
  await writeFile(file, PRELUDE + lines);
  return file;
}

const nothing = (): void => undefined;

/** Such a worker as a process, which ends with the test. */
export async function scriptedWorker(
  lines: string,
  deps: Partial<WorkerProcessOptions> = {},
): Promise<WorkerProcess> {
  const heard = { onEvent: nothing, onConnection: nothing, onSilence: nothing, onExit: nothing };
  const file = await workerFile(lines);
  const worker = new WorkerProcess({ file, env: process.env, ...heard, ...deps });
  onTestFinished(() => worker.kill());
  return worker;
}
