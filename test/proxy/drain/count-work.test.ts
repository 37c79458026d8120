import { expect, test } from "vitest";
import { countByVersion, countWork } from "../../../proxy/drain/count-work.ts";
import type { OpenWork, WorkKind } from "../../../proxy/drain/open-work.ts";

const NOW_MS = 10_000_000;

/** Work of a version that has been under way for so long. */
function work(kind: WorkKind, ageMs: number, version = "v1", service = "web"): OpenWork {
  const nothing = (): void => undefined;
  const about = { closing: false, gone: false, isBetweenMessages: true };
  const pool = { service, version };
  return { kind, pool, sinceMs: NOW_MS - ageMs, ...about, close: nothing, cut: nothing };
}

test("countWork() puts work of each kind into its class of age, bounds into the older one", () => {
  const tunnels = [0, 59_999, 60_000, 599_999, 600_000, 3_599_999, 3_600_000, 1e9];
  const works = [...tunnels.map((ageMs) => work("tunnel", ageMs)), work("exchange", 1)];
  expect(countWork(works, NOW_MS)).toEqual({ tunnel: [2, 2, 2, 2], exchange: [1, 0, 0, 0] });
  expect(countWork([], NOW_MS)).toEqual({ tunnel: [0, 0, 0, 0], exchange: [0, 0, 0, 0] });
});

test("countByVersion() parts versions of one name by their service", () => {
  const works = [
    work("tunnel", 0),
    work("exchange", 0, "v2"),
    work("tunnel", 0, "v1", "shop"),
    work("tunnel", 1e9),
  ];
  expect(countByVersion(works, NOW_MS)).toEqual([
    { service: "web", version: "v1", tunnel: [1, 0, 0, 1], exchange: [0, 0, 0, 0] },
    { service: "web", version: "v2", tunnel: [0, 0, 0, 0], exchange: [1, 0, 0, 0] },
    { service: "shop", version: "v1", tunnel: [1, 0, 0, 0], exchange: [0, 0, 0, 0] },
  ]);
});
