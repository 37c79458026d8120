import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import type { ServiceDocument } from "../../control/config/service-schema.ts";
import type { RolloutView } from "../../control/rollout/rollout-view.ts";
import { eventually } from "./eventually.ts";
import { LiveLoad } from "./live-load.ts";
import { startSidecar } from "./sidecar.ts";
import type { TestSidecar } from "./sidecar.ts";
import { VersionOrigin } from "./version-origin.ts";
import type { Answer } from "./version-origin.ts";

/** What a test ends in the end; several tests may run at once. */
type Ends = AsyncDisposableStack;

/** An origin. */
export async function startOrigin(
  ends: Ends,
  name: string,
  answer?: Answer,
): Promise<VersionOrigin> {
  const origin = ends.use(await VersionOrigin.start(name));
  if (answer !== undefined) origin.answer = answer;
  return origin;
}

/** How an origin answers. */
export type Manner = {
  /** The part of the requests that gets a 500, 0 … 1. */
  readonly errorRate?: number;
  /** By what factor answers take longer now. */
  readonly slower?: () => number;
};

/** Answers after 20 ms and, each time, up to 10 more. */
export function answering({ errorRate = 0, slower = () => 1 }: Manner = {}): Answer {
  return (response) => {
    const status = Math.random() < errorRate ? 500 : 200;
    const waitMs = (20 + 10 * Math.random()) * slower();
    setTimeout(() => response.writeHead(status).end(), waitMs);
  };
}

/** The configuration of a service with two versions, the second without traffic. */
export async function configOf(
  ends: Ends,
  stable: readonly VersionOrigin[],
  canary: readonly VersionOrigin[],
): Promise<object> {
  const addresses = (origins: readonly VersionOrigin[]): readonly string[] =>
    origins.map(({ address }) => address);
  const versions = {
    v1: { weight: 100, endpoints: addresses(stable) },
    v2: { weight: 0, endpoints: addresses(canary) },
  };
  const web = { hosts: ["web.test"], versions, retries: { attempts: 0 } };
  const made = await mkdtemp(join(tmpdir(), "sluice-rollout-"));
  const folder = ends.adopt(made, (path) => rm(path, { recursive: true, force: true }));
  const path = join(folder, "table.json");
  return { workers: 2, store: { kind: "file", path }, services: { web } };
}

/** A load of about so many requests a second, if answers take 25 ms. */
async function startLoad(ends: Ends, port: number, perSecond: number): Promise<LiveLoad> {
  const busy = Math.max(4, Math.ceil(perSecond / 15));
  const pauseMs = (1_000 * busy) / perSecond - 25;
  const quiet = { churnPerSecond: 0, idle: 0, webSockets: 0, messageEveryMs: 1_000 };
  return ends.use(await LiveLoad.start({ port, host: "web.test", busy, pauseMs, ...quiet }));
}

/** A sidecar with a load. */
export async function startUnderLoad(
  ends: Ends,
  config: object,
  perSecond: number,
): Promise<TestSidecar> {
  const sidecar = ends.adopt(await startSidecar(config), ({ stop }) => stop());
  if (perSecond > 0) await startLoad(ends, sidecar.ports[0] ?? 0, perSecond);
  return sidecar;
}

/** Begins a rollout from v1 to v2. */
export async function begin({ call }: TestSidecar, wish: object): Promise<void> {
  const answer = await call("POST", "/v1/rollouts", { service: "web", to: "v2", ...wish });
  expect([answer.status, await answer.json()]).toMatchObject([201, { phase: "progressing" }]);
}

/** The rollout, once that holds. */
export async function rolloutThat(
  { call }: TestSidecar,
  holds: (rollout: RolloutView) => boolean,
  withinMs: number,
): Promise<RolloutView> {
  let seen: RolloutView | undefined;
  await eventually(async () => {
    const answer = await call("GET", "/v1/rollouts/web");
    seen = (await answer.json()) as RolloutView;
    expect(seen).toSatisfy(holds);
  }, withinMs);
  return seen as RolloutView;
}

/** Whether nothing more will be decided, and that is in force. */
export function hasEnded({ phase, settled }: RolloutView): boolean {
  return settled && ["successful", "aborted"].includes(phase);
}

/** The weights of the versions in force. */
export async function weights({ call }: TestSidecar): Promise<readonly number[]> {
  const answer = await call("GET", "/v1/services/web");
  const { document } = (await answer.json()) as { readonly document: ServiceDocument };
  return Object.values(document.versions).map(({ weight = 1 }) => weight);
}
