import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { once } from "node:events";
import { describe, expect, onTestFinished, test } from "vitest";
import { WorkerError } from "../../../control/base/errors.ts";
import { eventually } from "../../support/eventually.ts";
import { STARTED, scriptedWorker } from "./scripted-worker.ts";

describe("WorkerProcess", () => {
  test("ask() gives each question its own answer, in whatever order they come", async () => {
    const worker = await scriptedWorker(`
      const ids = [];
      onAsked("unlisten", ({ id }) => {
        ids.push(id);
        if (ids.length === 3) for (const id of ids.reverse()) say({ kind: "done", id });
      });`);
    const order: string[] = [];
    const asked = ["one", "two", "three"].map(async (bind) => {
      await worker.ask({ kind: "unlisten", bind });
      order.push(bind);
    });
    await Promise.all(asked);
    expect(order).toEqual(["three", "two", "one"]);
  });

  test("ask() fails with what the worker says of its failure", async () => {
    const worker = await scriptedWorker(
      `onAsked("unlisten", ({ id }) => say({ kind: "failed", id, message: "no such listener" }));`,
    );
    const asked = worker.ask({ kind: "unlisten", bind: "x" });
    await expect(asked).rejects.toThrow(new WorkerError("no such listener"));
  });

  test("ask() fails when the worker ends before it answers, or has ended before", async () => {
    const worker = await scriptedWorker(`onAsked("unlisten", () => process.exit(3));`);
    const ended = `worker ${worker.pid} ended (3)`;
    await expect(worker.ask({ kind: "unlisten", bind: "x" })).rejects.toThrow(ended);
    expect([worker.gone, await worker.ended]).toEqual([true, "3"]);
    await expect(worker.askStats()).rejects.toThrow(`worker ${worker.pid} is gone`);
  });

  test("askStats() puts portions together, and forgets those of a failure", async () => {
    const worker = await scriptedWorker(`
      const version = (service) => ({ service, version: "v1", codes: [] });
      const portion = (id, service) =>
        say({ kind: "statsPortion", id, stats: { versions: [version(service)], flows: [id] } });
      let asked = 0;
      onAsked("stats", ({ id, inPortions }) => {
        asked += 1;
        portion(id, "a" + asked);
        if (asked === 1) return say({ kind: "failed", id, message: "no" });
        portion(id, "b" + asked);
        say({ kind: "stats", id, stats: { ...STATS, versions: [version(String(inPortions))] } });
      });`);
    await expect(worker.askStats()).rejects.toThrow(new WorkerError("no"));
    const { versions, flows, ...rest } = await worker.askStats();
    expect(versions.map(({ service }) => service)).toEqual(["a2", "b2", "true"]);
    expect(flows).toHaveLength(2);
    expect(rest.connections).toEqual({ h1: 0, h2: 0, tunnel: 0 });
    expect(worker.stats?.versions).toEqual(versions);
  });

  test("end() resolves when the process is gone", async () => {
    const worker = await scriptedWorker(STARTED);
    await eventually(() => expect(worker.protocol).toBeGreaterThan(0));
    await worker.end();
    expect(() => process.kill(worker.pid, 0)).toThrow("ESRCH");
    expect([worker.stopping, await worker.ended]).toEqual([true, "SIGKILL"]);
  });

  test("what a worker gave away before it died arrives first, with a live socket", async () => {
    const closed = Promise.withResolvers<void>();
    const server = createServer((socket) => socket.resume().once("close", closed.resolve));
    server.listen(0, "127.0.0.1");
    onTestFinished(() => void server.close());
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const heard: unknown[] = [];
    const silent = Promise.withResolvers<void>();
    await scriptedWorker(
      `import { connect } from "node:net";
      const socket = connect(${port}, "127.0.0.1", () => {
        const connection = { kind: "idle", place: 7 };
        say({ kind: "connection", connection }, socket._handle, () => process.exit());
      });`,
      {
        onConnection: ({ place }, handle) => {
          heard.push(place);
          handle.close();
        },
        onSilence: () => {
          heard.push("silence");
          silent.resolve();
        },
      },
    );
    await silent.promise;
    expect(heard).toEqual([7, "silence"]);
    // Ours was the last copy.
    await closed.promise;
  });
});
