import { describe, expect, test } from "vitest";
import { FAILURES } from "../../../proxy/exchange/failures.ts";
import type { Failure } from "../../../proxy/exchange/failures.ts";
import { statusOf } from "../../../proxy/exchange/respond.ts";

const ALL: readonly Failure[] = Object.values(FAILURES);

describe("FAILURES", () => {
  test("tell the client apart: 504 for too slow, 502 for wrong, 503 for our own", () => {
    const late = ALL.filter(({ error }) => statusOf(error) === 504);
    expect(late).toEqual([FAILURES.timeout, FAILURES.late, FAILURES.expired]);
    const ours = ALL.filter(({ outcome }) => outcome === "local");
    expect(new Set(ours.map(({ error }) => statusOf(error)))).toEqual(new Set([503]));
    const others = ALL.filter((failure) => ![...late, ...ours].includes(failure));
    expect(new Set(others.map(({ error }) => statusOf(error)))).toEqual(new Set([502]));
  });

  test("may be retried as `connect` exactly when no connection stood, so nothing was sent", () => {
    for (const { outcome, cause } of ALL) {
      expect(cause === "connect").toBe(outcome === "connect" || outcome === "local");
    }
  });

  test("are never retried once the endpoint may have acted on the request", () => {
    for (const { cause } of [FAILURES.expired, FAILURES.invalid, FAILURES.badUpgrade]) {
      expect(cause).toBeUndefined();
    }
  });

  test("have an error of their own each, so that the client's text says what happened", () => {
    expect(new Set(ALL.map(({ error }) => error)).size).toBe(ALL.length);
  });
});
