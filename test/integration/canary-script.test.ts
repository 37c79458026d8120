import { execFile } from "node:child_process";
import { chmod, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { CLI, startSidecar } from "../support/sidecar.ts";
import type { TestSidecar } from "../support/sidecar.ts";
import { VersionOrigin } from "../support/version-origin.ts";

/*
 * Goal: examples/canary/canary.sh does what it says. Method: it runs against a real sidecar under
 * load, once with a good new version and once with one that fails, by the real command line.
 */

const SCRIPT = new URL("../../examples/canary/canary.sh", import.meta.url).pathname;
/** A request each. */
const LOAD_EVERY_MS = 5;
const SCRIPT_DEADLINE_MS = 50_000;

type Ended = { readonly status: number; readonly out: string; readonly error: string };

/** A sidecar with v1 and v2, and requests all the time. */
async function startBusy(v2: VersionOrigin): Promise<TestSidecar> {
  const v1 = await VersionOrigin.start("v1");
  const sidecar = await startSidecar({
    listeners: [{ bind: "127.0.0.1:0", service: "web" }],
    metrics: { bind: "127.0.0.1:0" },
    services: {
      web: {
        versions: {
          v1: { weight: 100, endpoints: [v1.address] },
          v2: { weight: 0, endpoints: [v2.address] },
        },
      },
    },
  });
  const load = setInterval(() => {
    void fetch(`http://127.0.0.1:${sidecar.ports[0]}/`)
      .then((answer) => answer.text())
      .catch(() => undefined);
  }, LOAD_EVERY_MS);
  onTestFinished(async () => {
    clearInterval(load);
    await sidecar.stop();
    v1[Symbol.dispose]();
    v2[Symbol.dispose]();
  });
  return sidecar;
}

/** Runs the script, with `sluice` on its path, a second for each step. */
async function runCanary(sidecar: TestSidecar): Promise<Ended> {
  const { folder, api } = sidecar;
  const shim = join(folder, "sluice");
  await writeFile(shim, `#!/bin/sh\nexec "${process.execPath}" "${CLI}" "$@"\n`);
  await chmod(shim, 0o755);
  const env = {
    ...process.env,
    PATH: `${folder}${delimiter}${process.env["PATH"]}`,
    SLUICE_API: api,
    METRICS: `${api}/metrics`,
    STEP_SECONDS: "1",
    REQUESTS_MIN: "5",
  };
  const args = [SCRIPT, "web", "v2", "20", "100"];
  return new Promise((resolve) => {
    execFile("sh", args, { env, timeout: SCRIPT_DEADLINE_MS }, (failure, out, error) =>
      resolve({ status: failure === null ? 0 : Number(failure.code), out, error }),
    );
  });
}

async function weights(sidecar: TestSidecar): Promise<Record<string, number>> {
  const answer = await sidecar.call("GET", "/v1/services/web");
  return ((await answer.json()) as { readonly weights: Record<string, number> }).weights;
}

test("The canary script gives a good version everything", async () => {
  const sidecar = await startBusy(await VersionOrigin.start("v2"));
  const { status, out, error } = await runCanary(sidecar);
  expect([status, error]).toEqual([0, ""]);
  expect(out).toMatch(/canary: 20 %: 0 of \d+ requests failed/);
  expect(out).toContain("canary: web is at v2");
  expect((await weights(sidecar))["v1"]).toBe(0);
});

test("The canary script takes a bad version back, and fails", async () => {
  const v2 = await VersionOrigin.start("v2");
  v2.answer = (response) => response.writeHead(500).end();
  const sidecar = await startBusy(v2);
  const { status, error } = await runCanary(sidecar);
  expect(status).toBe(1);
  expect(error).toMatch(/canary: \d+ of \d+ requests failed at 20 %; everything goes back/);
  expect((await weights(sidecar))["v2"]).toBe(0);
});
