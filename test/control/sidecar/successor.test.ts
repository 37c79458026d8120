import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { Successor } from "../../../control/sidecar/successor.ts";
import type { BoundSocket } from "../../../control/workers/listening-sockets.ts";

/** Starts a program of these lines as the new primary, with one socket. */
async function start(code: string): Promise<{ successor: Promise<Successor>; port: number }> {
  const folder = await mkdtemp(join(tmpdir(), "sluice-successor-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, "main.mjs");
  await writeFile(file, code);
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const { port } = server.address() as { port: number };
  const sockets = new Map([["a bind", server as unknown as BoundSocket]]);
  const table = { revision: 3, services: {} };
  const tickets = { keys: ["a"], madeMs: 1 };
  const program = { file, configPath: "sluice.yaml", env: process.env };
  const inherited = { sockets, table, tickets, countsEpoch: "e", documents: undefined };
  return { successor: Successor.start({ ...program, ...inherited }), port };
}

test("Successor.start() hands over sockets, keys, then the table, and waits for it", async () => {
  const { successor } = await start(`
    const isOurs = process.env.SLUICE_PREDECESSOR === String(process.ppid);
    const heard = [isOurs, ...process.argv.slice(2)];
    process.on("message", (message, handle) => {
      if (message.kind === "counts") process.exit(0);
      const { kind, tickets, countsEpoch } = message;
      heard.push(kind, tickets?.keys[0] ?? countsEpoch ?? handle !== undefined);
      if (message.kind !== "begin") return;
      const call = [true, "run", "-c", "sluice.yaml"];
      const wanted = [...call, "socket", true, "tickets", "a", "begin", "e"];
      if (JSON.stringify(heard) !== JSON.stringify(wanted)) process.exit(1);
      process.send({ kind: "serving" });
    });`);
  const started = await successor;
  expect(started.pid).toBeGreaterThan(0);
  await started.leave([]);
});

test("Successor.start() says with which status the new primary ended", async () => {
  const { successor } = await start("process.exit(7)");
  await expect(successor).rejects.toMatchObject({
    code: "swap_refused",
    message: expect.stringContaining("the new primary ended (7)"),
  });
});
