import { expect, test } from "vitest";
import {
  DEFAULT_POLICY,
  drain,
  ejection,
  mergePolicy,
  policyShape,
  sidecarDrain,
} from "../../../control/config/policy-schema.ts";
import { strict } from "../../../control/config/schema-parts.ts";
import type { Policy } from "../../../proxy/table/snapshot.ts";

/** The defaults with what a document says on top. */
function policyOf(document: object, base = DEFAULT_POLICY): Policy {
  return mergePolicy(base, strict(policyShape).parse(document));
}

test("mergePolicy() keeps what an override does not say", () => {
  expect(policyOf({})).toEqual(DEFAULT_POLICY);
  const service = policyOf({ timeout: "5s", retries: { attempts: 3 } });
  const route = policyOf({ retries: { across: "any" } }, service);
  expect(route).toEqual({
    ...DEFAULT_POLICY,
    timeoutMs: 5_000,
    retries: { ...DEFAULT_POLICY.retries, attempts: 3, across: "any" },
  });
});

test("mergePolicy() takes 0 and an empty list at their word", () => {
  const policy = policyOf({
    timeout: 0,
    connectTimeout: 0,
    idleTimeout: 0,
    tunnelIdleTimeout: 0,
    headTimeout: 0,
    responseTimeout: 0,
    halfCloseGrace: 0,
    stallTimeout: 0,
    retries: { attempts: 0, on: [], budget: { percent: 0, min: 0 } },
  });
  expect(policy).toEqual({
    timeoutMs: 0,
    connectTimeoutMs: 0,
    idleTimeoutMs: 0,
    tunnelIdleTimeoutMs: 0,
    headTimeoutMs: 0,
    responseTimeoutMs: 0,
    halfCloseGraceMs: 0,
    stallTimeoutMs: 0,
    buffer: { requestBytes: 0, responseBytes: 0 },
    maxBodyBytes: 0,
    retries: { attempts: 0, on: [], across: "stable-only", budgetPercent: 0, budgetMin: 0 },
  });
});

test("retries take 503 as a number, as YAML reads it, and as a text", () => {
  expect(policyOf({ retries: { on: [503, "503", "connect"] } }).retries.on).toEqual([
    "503",
    "503",
    "connect",
  ]);
});

test.each([
  [undefined, { softMs: 60_000, hardMs: 90_000 }],
  [{ hard: "10s" }, { softMs: 10_000, hardMs: 10_000 }],
  [{ hard: "5m" }, { softMs: 60_000, hardMs: 300_000 }],
  [{ soft: 0 }, { softMs: 0, hardMs: 90_000 }],
  [{ soft: "90s" }, { softMs: 90_000, hardMs: 90_000 }],
])("drain %j is soft, then hard: %j", (document, times) => {
  expect(drain.parse(document)).toEqual({ ...times, connectionsPerSecond: 100 });
  expect(sidecarDrain.parse(document)).toMatchObject({ ...times, acceptForMs: 5_000 });
});

test("drain refuses a soft limit after the hard one, also after its default", () => {
  expect(drain.safeParse({ soft: "91s" }).error?.issues[0]?.path).toEqual(["hard"]);
  expect(sidecarDrain.safeParse({ soft: "2s", hard: "1s" }).success).toBe(false);
});

test.each([
  [{ baseTime: "300s" }, true],
  [{ baseTime: "301s" }, false],
  [{ baseTime: "10m", maxTime: "10m" }, true],
  [{ maxTime: "29s" }, false],
  [{ baseTime: 0 }, false],
])("ejection %j is taken: %s", (document, fits) => {
  expect(ejection.safeParse(document).success).toBe(fits);
});

test("hedge is by latency unless a time is given, and a route may have none", () => {
  expect(policyOf({}).hedge).toBeUndefined();
  expect(policyOf({ hedge: {} }).hedge).toEqual({ afterMs: undefined });
  expect(policyOf({ hedge: { after: "50ms" } }).hedge).toEqual({ afterMs: 50 });
  const base = policyOf({ hedge: {} });
  expect(mergePolicy(base, {}).hedge).toEqual({ afterMs: undefined });
  expect(mergePolicy(base, { hedge: false }).hedge).toBeUndefined();
});
