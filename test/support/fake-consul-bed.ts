import { onTestFinished } from "vitest";
import { consulDeps, hurried } from "./consul-deps.ts";
import type { TestDeps } from "./consul-deps.ts";
import { FakeConsul } from "./fake-consul.ts";

/** A fake agent, and what everything in control/registry works with over it. */
export type FakeConsulBed = {
  readonly consul: FakeConsul;
  /** Waits of 5 s or more take 200 ms. */
  readonly deps: Omit<TestDeps, typeof Symbol.asyncDispose>;
  /** Runs until the test ends, or the controller that this gives. */
  readonly run: (work: (signal: AbortSignal) => Promise<unknown>) => Running;
};

/** What runs beside a test. */
export type Running = { readonly end: AbortController; readonly done: Promise<unknown> };

/** Opens a bed that is taken down with the test, beginning with what runs in it. */
export async function openConsulBed(): Promise<FakeConsulBed> {
  const consul = await FakeConsul.start();
  const own = consulDeps({ address: consul.address });
  const running: Running[] = [];
  onTestFinished(async () => {
    for (const { end } of running) end.abort();
    consul.fault = undefined;
    consul.changed();
    await Promise.all(running.map(({ done }) => done));
    await own[Symbol.asyncDispose]();
    await consul[Symbol.asyncDispose]();
  });
  const run = (work: (signal: AbortSignal) => Promise<unknown>): Running => {
    const end = new AbortController();
    const started = { end, done: work(end.signal) };
    running.push(started);
    return started;
  };
  return { consul, deps: hurried(own), run };
}
