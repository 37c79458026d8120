import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { ServiceDocument } from "../../control/config/service-schema.ts";
import type { RolloutView } from "../../control/rollout/rollout-view.ts";
import { eventually } from "../support/eventually.ts";
import { LiveLoad } from "../support/live-load.ts";
import { startSidecar } from "../support/sidecar.ts";
import type { TestSidecar } from "../support/sidecar.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { VersionOrigin } from "../support/version-origin.ts";

/*
 * Goal: a rollout works whole: workers count, the primary judges and shifts, and one that is killed
 * in between leaves weights that a step names. Method: real processes under load.
 */

/** How long a rollout here may take: it watches stable for 10 s first. */
const DEADLINE_MS = 60_000;

async function startOrigin(name: string): Promise<VersionOrigin> {
  const origin = await VersionOrigin.start(name);
  onTestFinished(() => origin[Symbol.dispose]());
  return origin;
}

/** The configuration of a service with two versions, the second without traffic. */
async function configOf(stable: VersionOrigin, canary: VersionOrigin): Promise<object> {
  const versions = {
    v1: { weight: 100, endpoints: [stable.address] },
    v2: { weight: 0, endpoints: [canary.address] },
  };
  const web = { hosts: ["web.test"], versions, retries: { attempts: 0 } };
  const path = join(await temporaryFolder(), "table.json");
  return { workers: 2, store: { kind: "file", path }, services: { web } };
}

/** A sidecar with 200 requests a second. */
async function startUnderLoad(config: object): Promise<TestSidecar> {
  const sidecar = await startSidecar(config);
  onTestFinished(() => sidecar.stop());
  const load = await LiveLoad.start({
    port: sidecar.ports[0] ?? 0,
    host: "web.test",
    busy: 8,
    pauseMs: 40,
    churnPerSecond: 0,
    idle: 0,
    webSockets: 0,
    messageEveryMs: 1_000,
  });
  onTestFinished(() => load[Symbol.asyncDispose]());
  return sidecar;
}

async function begin({ call }: TestSidecar, wish: object): Promise<void> {
  const answer = await call("POST", "/v1/rollouts", { service: "web", to: "v2", ...wish });
  expect([answer.status, await answer.json()]).toMatchObject([201, { phase: "progressing" }]);
}

/** The rollout, once that holds. */
async function rolloutThat(
  { call }: TestSidecar,
  holds: (rollout: RolloutView) => boolean,
): Promise<RolloutView> {
  let seen: RolloutView | undefined;
  await eventually(async () => {
    const answer = await call("GET", "/v1/rollouts/web");
    seen = (await answer.json()) as RolloutView;
    expect(seen).toSatisfy(holds);
  }, DEADLINE_MS);
  return seen as RolloutView;
}

function hasEnded({ phase, settled }: RolloutView): boolean {
  return settled && ["successful", "aborted"].includes(phase);
}

async function weights({ call }: TestSidecar): Promise<readonly number[]> {
  const answer = await call("GET", "/v1/services/web");
  const { document } = (await answer.json()) as { readonly document: ServiceDocument };
  return Object.values(document.versions).map(({ weight = 1 }) => weight);
}

test("A canary that fails is found by the evidence, and all traffic is back at once", async () => {
  const [stable, canary] = [await startOrigin("v1"), await startOrigin("v2")];
  canary.answer = (response) => {
    response.statusCode = 500;
    response.end();
  };
  const sidecar = await startUnderLoad(await configOf(stable, canary));
  await begin(sidecar, { preset: "fast" });
  const { phase, why } = await rolloutThat(sidecar, hasEnded);
  expect([phase, why.rule, why.text]).toEqual([
    "aborted",
    "evidence",
    expect.stringMatching(/^errors: evidence \S+ of 20; (\d+) of \1 requests failed, 0\.0 at/),
  ]);
  // The budget is 20 failed requests, and some are under way when the weights change.
  expect(canary.requests).toBeLessThan(40);
  expect(await weights(sidecar)).toEqual([100, 0]);
}, 90_000);

test("A rollout whose sidecar is killed goes on where it was, in the next one", async () => {
  const [stable, canary] = [await startOrigin("v1"), await startOrigin("v2")];
  const config = await configOf(stable, canary);
  const first = await startUnderLoad(config);
  await begin(first, { steps: [10, 50], stepFor: "3s" });
  await rolloutThat(first, ({ share, settled }) => share === 0.1 && settled);
  first.child.kill("SIGKILL");
  await first.ended;
  const second = await startUnderLoad(config);
  expect(await rolloutThat(second, () => true)).toMatchObject({ share: 0.1 });
  const { phase, history } = await rolloutThat(second, hasEnded);
  expect([phase, await weights(second)]).toEqual(["successful", [0, 100]]);
  const steps = history.filter(({ decision }) => decision === "weight");
  expect(steps.map(({ share }) => share)).toEqual([0.1, 0.5]);
}, 90_000);
