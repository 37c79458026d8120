import { expect, test } from "vitest";
import { refusedOf, whyOf } from "../../../control/page/endpoint-why.ts";
import type { EndpointView } from "../../../control/page/endpoint-why.ts";
import type { PageEvent } from "../../../control/page/told-event.ts";

const FINE: EndpointView = {
  address: "10.0.0.1:80",
  weight: 1,
  state: "ready",
  healthy: true,
  panic: false,
  ejectedBy: 0,
  ejectedForMs: 0,
  inFlight: 0,
  idleConnections: 0,
};
const NOW_MS = Date.parse("2026-01-01T00:01:00Z");
const AROUND = {
  isChecked: true,
  slowStartMs: 0,
  events: [],
  nowMs: NOW_MS,
  asker: "ann (“disk”)",
};

const event = (kind: string, second: number, more: object): PageEvent => ({
  id: second,
  time: new Date(NOW_MS - second * 1_000).toISOString(),
  kind,
  ...more,
});

test.each([
  [{ healthy: false, reason: "cannot connect" }, "bad", "unhealthy", "cannot connect"],
  [{ healthy: false }, "bad", "unhealthy", "the registry says so"],
  [{ healthy: false, panic: true, reason: "answered 500" }, "part", "panic", "well: answered 500"],
  [{ ejectedBy: 2, ejectedForMs: 30_000 }, "bad", "ejected", "2 workers .* within 30 s"],
  [{ state: "drain" as const }, "part", "drain", "ann \\(“disk”\\) asked for it"],
  [{ state: "maint" as const }, "part", "maint", "ann .+; others get its requests"],
  [{}, "good", "healthy", "^$"],
])("whyOf() says of %j that it is %s, %s", (over, kind, state, text) => {
  const why = whyOf({ ...FINE, ...over }, AROUND);
  expect([why.kind, why.state]).toEqual([kind, state]);
  expect(why.text).toMatch(new RegExp(text));
});

test("whyOf() does not call healthy what nobody checks", () => {
  expect(whyOf(FINE, { ...AROUND, isChecked: false })).toMatchObject({
    kind: "unknown",
    state: "unchecked",
  });
});

test.each([
  ["readmission", { endpoint: FINE.address }],
  ["health", { endpoint: FINE.address, healthy: true }],
  ["endpoints", { added: [FINE.address] }],
])("whyOf() knows by %s that an endpoint starts slowly, and until when", (kind, more) => {
  const around = { ...AROUND, slowStartMs: 30_000, events: [event(kind, 10, more)] };
  expect(whyOf(FINE, around)).toMatchObject({
    state: "warming",
    text: expect.stringContaining("20 s"),
  });
  expect(whyOf(FINE, { ...around, nowMs: NOW_MS + 21_000 }).state).toBe("healthy");
  expect(whyOf({ ...FINE, address: "10.0.0.2:80" }, around).state).toBe("healthy");
  expect(whyOf(FINE, { ...around, slowStartMs: 0 }).state).toBe("healthy");
});

test("refusedOf() gives what the last event about endpoints refused", () => {
  const events = [
    event("endpoints", 9, { refused: ["a: no port"] }),
    event("endpoints", 8, { refused: ["b: no address"] }),
    event("health", 7, {}),
  ];
  expect(refusedOf(events)).toEqual(["b: no address"]);
  expect(refusedOf([...events, event("endpoints", 6, { refused: [] })])).toEqual([]);
  expect(refusedOf([])).toEqual([]);
});
