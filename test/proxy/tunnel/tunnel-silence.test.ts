import { expect, onTestFinished, test } from "vitest";
import { TunnelSilence } from "../../../proxy/tunnel/tunnel-silence.ts";
import { manualWheel } from "../../support/manual-wheel.ts";

/** A silent tunnel whose time the test turns. */
function silent(idleTimeoutMs: number, quietMs?: number) {
  const time = manualWheel();
  const [client, server] = [{ blocked: false }, { blocked: false }];
  const told: string[] = [];
  const deps = { wheel: time.wheel, idleTimeoutMs, quietMs };
  const silence = new TunnelSilence(deps, client, server, () => told.push("idle"));
  onTestFinished(() => silence.close());
  return { time, client, server, told, silence };
}

test("TunnelSilence tells when no byte has passed for the whole timeout, not before", () => {
  const { time, told, silence } = silent(10_000);
  time.advance(8_000);
  silence.end();
  time.advance(9_000);
  expect(told).toEqual([]);
  time.advance(2_000);
  expect(told).toEqual(["idle"]);
});

test("TunnelSilence never tells without a timeout, or when its tunnel is gone", () => {
  const endless = silent(0);
  endless.time.advance(600_000);
  const closed = silent(10_000);
  closed.silence.close();
  closed.time.advance(20_000);
  expect([endless.told, closed.told]).toEqual([[], []]);
});

test("TunnelSilence says how much longer it must last until nothing is under way", () => {
  const { time, silence } = silent(0, 1_000);
  expect(silence.quietLeftMs).toBe(1_000);
  time.advance(400);
  expect(silence.quietLeftMs).toBe(600);
  time.advance(2_000);
  expect(silence.quietLeftMs).toBe(0);
  silence.end();
  expect(silence.quietLeftMs).toBe(1_000);
  expect(silent(0).silence.quietLeftMs).toBe(0);
});

test.each(["client", "server"] as const)("Bytes that wait for a slow %s are no silence", (side) => {
  const bed = silent(0, 1_000);
  bed.time.advance(5_000);
  bed[side].blocked = true;
  expect(bed.silence.quietLeftMs).toBe(1_000);
  bed[side].blocked = false;
  expect(bed.silence.quietLeftMs).toBe(0);
});
