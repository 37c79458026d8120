import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { eventually } from "../../support/eventually.ts";
import { Inheritance, PREDECESSOR_ENV } from "../../../control/sidecar/inheritance.ts";

const SOURCE = new URL("../../../control/sidecar/inheritance.ts", import.meta.url);

/** A heir that says what it has got. */
const HEIR = `
import { Inheritance } from ${JSON.stringify(SOURCE.href)};
const inherited = await Inheritance.receive(process.env);
const { predecessorPid, sockets, table, tickets, countsEpoch, documents } = inherited;
const binds = [...sockets].map(([bind, socket]) => [bind, socket.listening]);
const left = process.env.${PREDECESSOR_ENV};
const received = { predecessorPid, binds, table, tickets, countsEpoch, documents, left };
process.send({ kind: "received", ...received });
inherited.serve({
  adopt: (connection, handle) => {
    handle.destroy();
    process.send({ kind: "adopted", connection });
  },
  addCounts: (stats) => process.send({ kind: "counted", stats }),
});
`;

/** Starts HEIR in a process of its own, as the successor of this one. */
async function startHeir(): Promise<ChildProcess> {
  const folder = await mkdtemp(join(tmpdir(), "sluice-heir-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, "heir.mjs");
  await writeFile(file, HEIR);
  const env = { ...process.env, [PREDECESSOR_ENV]: "4711" };
  const heir = fork(file, { env, serialization: "advanced", execArgv: [] });
  onTestFinished(() => void heir.kill());
  return heir;
}

test.each([{}, { [PREDECESSOR_ENV]: "" }, { [PREDECESSOR_ENV]: "0" }, { [PREDECESSOR_ENV]: "x" }])(
  "Inheritance.receive() with the environment %j is an ordinary start",
  async (env) => {
    expect(await Inheritance.receive(env)).toBeUndefined();
  },
);

test("Inheritance has all sockets and the table, and then what still comes", async () => {
  const heir = await startHeir();
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const heard: unknown[] = [];
  heir.on("message", (message) => heard.push(message));
  heir.send({ kind: "socket", bind: "a bind" }, server);
  heir.send({ kind: "tickets", tickets: { keys: ["a"], madeMs: 1 } });
  const documents = new Map([["web", { text: "a rollout", mark: "7" }]]);
  heir.send({ kind: "begin", table: { revision: 3, services: {} }, countsEpoch: "e", documents });
  await eventually(() => expect(heard).toContainEqual({ kind: "serving" }));
  heir.send({ kind: "counts", stats: [] });
  await eventually(() => expect(heard).toHaveLength(3));
  expect(heard).toEqual([
    {
      kind: "received",
      predecessorPid: 4711,
      binds: [["a bind", true]],
      table: { revision: 3, services: {} },
      tickets: { keys: ["a"], madeMs: 1 },
      countsEpoch: "e",
      documents,
      left: undefined,
    },
    { kind: "serving" },
    { kind: "counted", stats: [] },
  ]);
});
