import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { HandedConnection } from "../../../proxy/messages/handed-connection.ts";
import { leaveTo, startSuccessor } from "../../../control/sidecar/upgrade.ts";
import type { SuccessionDeps } from "../../../control/sidecar/upgrade.ts";
import { eventually } from "../../support/eventually.ts";

/** What an upgrade works with, of parts that note what is asked of them. */
function bed() {
  const steps: string[] = [];
  const note = (step: string) => (): void => void steps.push(step);
  const deps: SuccessionDeps = {
    services: {
      hold: async () => {
        steps.push("hold");
        return { revision: 3, services: {} };
      },
      release: note("release"),
    },
    store: { reclaim: async () => void steps.push("reclaim") },
    registry: { yield: note("yield"), resume: note("resume") },
    migrations: { close: note("migrations end") },
    workers: {
      giveAll: async (give) => {
        give({} as HandedConnection, {} as never, note("connection gone"));
        return [];
      },
    },
    sockets: { all: new Map() },
    certificates: { tickets: { keys: [], madeMs: 0 } },
    countsEpoch: "e",
    documents: { all: async () => new Map([["web", { text: "a", mark: "1" }]]) },
    log: { info: (event) => void steps.push(event), warn: note("warn"), error: note("error") },
    configPath: "sluice.yaml",
    env: process.env,
  };
  return { deps, steps };
}

/** A program of one line, as the new primary. */
async function program(code: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "sluice-upgrade-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, "main.mjs");
  await writeFile(file, code);
  return file;
}

test("startSuccessor() holds writes and the place in the registry until it serves", async () => {
  const { deps, steps } = bed();
  const serve = `process.on("message", ({ kind, table, documents }) => {
    const isWhole = table?.revision === 3 && documents.get("web").text === "a";
    if (kind === "begin" && isWhole) process.send({ kind: "serving" });
    if (kind === "counts") process.exit(0);
  });`;
  const successor = await startSuccessor(deps, await program(serve), false);
  expect(successor.pid).toBeGreaterThan(0);
  await successor.leave([]);
  expect(steps).toEqual(["hold", "yield"]);
});

test("startSuccessor() takes everything back when the new primary fails", async () => {
  const { deps, steps } = bed();
  const failing = startSuccessor(deps, await program("process.exit(3)"), false);
  await expect(failing).rejects.toMatchObject({ message: expect.stringContaining("(3)") });
  expect(steps).toEqual(["hold", "yield", "reclaim", "resume", "release"]);
});

const SERVES = `process.on("message", ({ kind }) => {
  if (kind === "begin") process.send({ kind: "serving" });
  if (kind === "counts") process.exit(0);
});`;

test("startSuccessor() takes everything back when the service manager cannot be told", async () => {
  const { deps, steps } = bed();
  let pid = 0;
  const manager = { follow: async (of: number) => (pid = of) === 0 };
  const failing = startSuccessor({ ...deps, manager }, await program(SERVES), false);
  await expect(failing).rejects.toMatchObject({ code: "swap_refused" });
  expect(steps).toEqual(["hold", "yield", "reclaim", "resume", "release"]);
  await eventually(() => expect(() => process.kill(pid, 0)).toThrow("ESRCH"));
});

test("startSuccessor() goes on when it is forced, though the manager cannot be told", async () => {
  const { deps, steps } = bed();
  const manager = { follow: async () => false };
  const successor = await startSuccessor({ ...deps, manager }, await program(SERVES), true);
  await successor.leave([]);
  expect(steps).toEqual(["hold", "yield"]);
});

test("leaveTo() closes the API first, the services last, and gives all in between", async () => {
  const { deps, steps } = bed();
  const successor = {
    pid: 4711,
    give: (_connection: HandedConnection, _handle: unknown, onGone: () => void) => onGone(),
    leave: async () => void steps.push("successor is let go"),
  };
  await leaveTo(successor, deps, {
    closeApi: async () => void steps.push("API closed"),
    closeServices: async () => void steps.push("services closed"),
  });
  expect(steps).toEqual([
    "API closed",
    "migrations end",
    "connection gone",
    "successor is let go",
    "services closed",
    "upgrade.done",
  ]);
});
