import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, stat } from "node:fs/promises";
import { request } from "node:http";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, onTestFinished, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { runCommand } from "../support/run-cli.ts";
import { startSidecar } from "../support/sidecar.ts";
import type { TestSidecar } from "../support/sidecar.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

/*
 * Goal: at a Unix socket the file says who may call the API, from its first moment and across an
 * upgrade. Method: real sidecars, and where the test may, callers that are other users.
 */

const SERVICES = { web: { versions: { v1: { endpoints: ["127.0.0.1:1"] } } } };

async function startAt(control: object): Promise<{ sidecar: TestSidecar; path: string }> {
  const path = join(await temporaryFolder(), "api.sock");
  const whole = { bind: `unix:${path}`, ...control };
  const metrics = { bind: "127.0.0.1:0" };
  const sidecar = await startSidecar({ services: SERVICES, control: whole, metrics });
  onTestFinished(sidecar.stop);
  return { sidecar, path };
}

/** The URL of the metrics' port. */
function metricsOf({ log }: TestSidecar): string {
  return String(log.find(({ event }) => event === "metrics.open")?.["address"]);
}

/** Calls the API at a socket; `[status, body]`. */
async function call(path: string, method: string, url: string): Promise<[number, unknown]> {
  const headers = { host: "localhost", "if-match": "*", "x-sluice-reason": "a test" };
  const asked = request({ socketPath: path, method, path: url, headers, agent: false }).end();
  const { promise, resolve, reject } = Promise.withResolvers<[number, unknown]>();
  asked.once("error", reject);
  asked.once("response", (answer) => {
    text(answer).then((body) => resolve([answer.statusCode ?? 0, JSON.parse(body)]), reject);
  });
  return promise;
}

function killIfAlive(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has drained.
  }
}

async function modeOf(path: string): Promise<string> {
  return ((await stat(path)).mode & 0o777).toString(8);
}

test("the socket is its owner's, and whoever opens it has the role that it gives", async () => {
  const { sidecar, path } = await startAt({ socketRole: "read" });
  expect(await modeOf(path)).toBe("600");
  const socket = { actor: "socket", role: "read" };
  expect(await call(path, "GET", "/v1/whoami")).toEqual([200, socket]);
  expect(await call(path, "POST", "/v1/drain")).toMatchObject([403, { code: "forbidden" }]);
  // A health check needs no more than the port of the metrics.
  const env = { SLUICE_API: metricsOf(sidecar) };
  expect(await runCommand(["status", "--check"], env)).toMatchObject({ status: 0 });
});

/** How a call of somebody else ends: curl's exit status, 7 if it may not connect. */
function callAs(uid: number, gid: number, path: string): Promise<number> {
  const args = ["-s", "-o", "/dev/null", "--unix-socket", path, "http://localhost/livez"];
  return new Promise((resolve) => {
    execFile("curl", args, { uid, gid, cwd: "/" }, (failure) => {
      resolve(failure === null ? 0 : Number(failure.code));
    });
  });
}

test.runIf(process.getuid?.() === 0)("a group may call the API, and others may not", async () => {
  const folder = await temporaryFolder();
  await chmod(folder, 0o755);
  const path = join(folder, "api.sock");
  const control = { bind: `unix:${path}`, mode: "0660", group: 54_321 };
  const sidecar = await startSidecar({ services: SERVICES, control });
  onTestFinished(sidecar.stop);
  expect([await modeOf(path), (await stat(path)).gid]).toEqual(["660", 54_321]);
  expect(await callAs(65_534, 54_321, path)).toBe(0);
  expect(await callAs(65_534, 65_534, path)).toBe(7);
});

test("an upgrade keeps the socket, its file and its mode, and the metrics' port", async () => {
  const { sidecar, path } = await startAt({ mode: "0640" });
  const { ino } = await stat(path);
  const metrics = metricsOf(sidecar);
  const [status, report] = await call(path, "POST", "/v1/upgrade");
  const { pid } = report as { readonly pid: number };
  onTestFinished(() => killIfAlive(pid));
  expect([status, pid]).toEqual([200, expect.any(Number)]);
  await sidecar.ended;
  expect(await call(path, "GET", "/livez")).toEqual([200, { live: true }]);
  expect(await (await fetch(`${metrics}/metrics`)).text()).toContain("sluice_revision 1");
  expect([await modeOf(path), (await stat(path)).ino]).toEqual(["640", ino]);
  expect(await call(path, "POST", "/v1/drain")).toMatchObject([202, {}]);
  await eventually(() => expect(existsSync(path)).toBe(false));
});
