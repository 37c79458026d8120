import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, onTestFinished, test } from "vitest";
import { freePort } from "../support/built-in-proxy.ts";
import { consulForTests } from "../support/consul-binary.ts";
import { rotateRoot } from "../support/consul-root.ts";
import { TestAgent } from "../support/consul.ts";
import { eventually } from "../support/eventually.ts";
import { LiveLoad } from "../support/live-load.ts";
import { frontInMesh, shopInMesh } from "../support/mesh.ts";
import { startSidecar } from "../support/sidecar.ts";
import type { TestSidecar } from "../support/sidecar.ts";
import { VersionOrigin } from "../support/version-origin.ts";

/*
 * Goal: the roots of the mesh rotate under load, twice, and no request fails. Method: two sidecars
 * of a real Consul, which replaces certificates within 30 s of a new root.
 */

const binary = (await consulForTests()) ?? "";

/** Consul's own 30 s, and what a busy machine takes. */
const REPLACED_WITHIN_MS = 45_000;

type Status = { readonly id: string; readonly fingerprint?: string };

async function sidecar(config: object): Promise<TestSidecar> {
  const started = await startSidecar(config);
  onTestFinished(async () => started.stop());
  return started;
}

/** The fingerprint of what a sidecar has under this id. */
async function fingerprintOf({ api }: TestSidecar, id: string): Promise<string> {
  const answer = await fetch(`${api}/v1/certificates`);
  const { certificates } = (await answer.json()) as { readonly certificates: readonly Status[] };
  return certificates.find((each) => each.id === id)?.fingerprint ?? "none";
}

describe.skipIf(binary === "")("roots of the mesh", () => {
  test("rotate twice under load, and no request fails", async () => {
    const agent = await TestAgent.start(binary);
    onTestFinished(async () => agent[Symbol.asyncDispose]());
    using shop = await VersionOrigin.start("v1");
    const server = await sidecar(shopInMesh(agent, await freePort(), shop.address));
    const client = await sidecar(frontInMesh(agent));
    const port = client.ports[0] ?? 0;
    await eventually(async () => {
      const { status } = await fetch(`http://127.0.0.1:${port}/`);
      expect(status).toBe(200);
    });
    const load = await LiveLoad.start({
      port,
      host: "shop",
      busy: 4,
      pauseMs: 5,
      churnPerSecond: 20,
      idle: 2,
      webSockets: 2,
      messageEveryMs: 200,
    });
    onTestFinished(async () => load[Symbol.asyncDispose]());
    await load.more(50);
    for (let round = 0; round < 2; round += 1) {
      const before = await Promise.all(
        [server, client].map((each) => fingerprintOf(each, "connect:leaf")),
      );
      await rotateRoot(agent);
      await eventually(async () => {
        const [shopNow, frontNow] = await Promise.all(
          [server, client].map((each) => fingerprintOf(each, "connect:leaf")),
        );
        expect(shopNow).not.toBe(before[0]);
        expect(frontNow).not.toBe(before[1]);
      }, REPLACED_WITHIN_MS);
      await load.more(200);
      await sleep(1_000);
    }
    const report = await load.finish();
    expect(report).toMatchObject({ failed: 0, failures: {}, webSocketsClosed: 0 });
    expect(report.answered).toBeGreaterThan(1_000);
  });
});
