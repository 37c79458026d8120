import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { KeptConnection } from "../support/kept-connection.ts";
import { startSidecar } from "../support/sidecar.ts";
import type { TestSidecar } from "../support/sidecar.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { VersionOrigin } from "../support/version-origin.ts";

/*
 * Goal: the signals, names and ends of processes are what an operator expects. Method: real
 * processes, signals to each of them, /proc, and a primary that is killed while its workers run.
 */

async function start(config: object = {}, env: NodeJS.ProcessEnv = {}): Promise<TestSidecar> {
  const origin = await VersionOrigin.start("v1");
  onTestFinished(() => origin[Symbol.dispose]());
  const services = { web: { versions: { v1: { endpoints: [origin.address] } } } };
  const sidecar = await startSidecar({ workers: 1, services, ...config }, env);
  onTestFinished(sidecar.stop);
  return sidecar;
}

test("workers ignore signals that are meant for the primary, and open no debugger", async () => {
  const sidecar = await start();
  const workers = sidecar.workerPids();
  const connection = await KeptConnection.open(sidecar.ports[0] ?? 0);
  onTestFinished(() => connection.close());
  for (const signal of ["SIGHUP", "SIGUSR2", "SIGUSR1", "SIGINT", "SIGTERM"] as const) {
    for (const pid of workers) process.kill(pid, signal);
    expect((await connection.get("web")).status).toBe(200);
  }
  sidecar.child.kill("SIGUSR1");
  expect((await sidecar.call("GET", "/readyz")).status).toBe(200);
  expect(sidecar.workerPids()).toEqual(workers);
  expect(sidecar.stderr()).toBe("");
});

test.runIf(process.platform === "linux")(
  "processes are called what they are, and workers know no secrets",
  async () => {
    const sidecar = await start({}, { CONSUL_HTTP_TOKEN: "hush-hush" });
    const titleOf = async (pid: number | undefined): Promise<string> =>
      (await readFile(`/proc/${pid}/cmdline`, "utf8")).replace(/\0+$/, "");
    const [worker] = sidecar.workerPids();
    expect(await titleOf(sidecar.child.pid)).toBe("sluice");
    expect(await titleOf(worker)).toBe("sluice: worker");
    expect(await readFile(`/proc/${worker}/environ`, "latin1")).not.toContain("hush-hush");
  },
);

test("after kill -9 of the primary its workers end; a new one has table and address", async () => {
  const path = join(await temporaryFolder(), "state.json");
  const config = { store: { kind: "file", path }, workers: 2 };
  const first = await start(config);
  expect((await first.call("PATCH", "/v1/services/web/weights", { v1: 7 })).status).toBe(200);
  const workers = first.workerPids();
  const [port] = first.ports;
  first.child.kill("SIGKILL");
  await first.ended;
  // As a supervisor would: at once, at the same address.
  const second = await start({ ...config, listeners: [{ bind: `127.0.0.1:${port}` }] });
  const shown = await (await second.call("GET", "/v1/services/web")).json();
  expect(shown).toMatchObject({ weights: { v1: 7 } });
  const connection = await KeptConnection.open(port ?? 0);
  onTestFinished(() => connection.close());
  expect((await connection.get("web")).status).toBe(200);
  await eventually(() => {
    for (const pid of workers) expect(() => process.kill(pid, 0)).toThrow("ESRCH");
  });
});
