import { expect, test } from "vitest";
import { logTimers } from "../../../control/views/log-timers.ts";
import { readService } from "../../../control/config/read-service.ts";
import type { LogFields } from "../../../proxy/base/log.ts";

test("logTimers() writes what is in effect for each service, defaults filled and in ms", () => {
  const versions = { v1: { endpoints: ["a:1"] } };
  const services = new Map([
    ["web", readService("web", { versions, timeout: "5s", drain: { soft: "1s", hard: "2s" } })],
    ["shop", readService("shop", { versions, onShift: "migrate" })],
    ["redis", readService("redis", { kind: "tcp", versions, connectTimeout: "2s" })],
  ]);
  const lines: [string, LogFields | undefined][] = [];
  const never = (): never => {
    throw new Error("Timers are no warning");
  };
  const known = {
    names: () => [...services.keys()],
    service: (name: string) => services.get(name) ?? never(),
  };
  logTimers(known, {
    info: (event, fields) => void lines.push([event, fields]),
    warn: never,
    error: never,
  });
  const defaults = {
    timeoutMs: 0,
    connectTimeoutMs: 1_000,
    idleTimeoutMs: 75_000,
    tunnelIdleTimeoutMs: 3_600_000,
    headTimeoutMs: 10_000,
    responseTimeoutMs: 30_000,
    halfCloseGraceMs: 1_000,
    stallTimeoutMs: 30_000,
    onShift: "keep",
    drainSoftMs: 60_000,
    drainHardMs: 90_000,
    drainConnectionsPerSecond: 100,
  };
  expect(lines).toEqual([
    [
      "service.timers",
      { ...defaults, service: "web", timeoutMs: 5_000, drainSoftMs: 1_000, drainHardMs: 2_000 },
    ],
    ["service.timers", { ...defaults, service: "shop", onShift: "migrate" }],
    [
      "service.timers",
      {
        service: "redis",
        connectTimeoutMs: 2_000,
        tunnelIdleTimeoutMs: 3_600_000,
        headTimeoutMs: 10_000,
        onShift: "keep",
        drainSoftMs: 60_000,
        drainHardMs: 90_000,
        drainConnectionsPerSecond: 100,
      },
    ],
  ]);
});
