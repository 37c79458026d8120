import { expect, test } from "vitest";
import type { ServiceDocument } from "../../../control/config/service-schema.ts";
import { rolloutMatchOf, withRolloutRoute } from "../../../control/table/rollout-route.ts";

const PLAIN: ServiceDocument = { versions: { v1: { endpoints: ["10.0.0.5:3000"] } } };
const MATCH = { headers: { "x-canary": "1" } };
const ROUTE = { match: MATCH, to: "v2", rollout: "web-1" };
const OWN = { match: { path: "/checkout", headers: { "X-Shop": "a" } }, timeout: "5s" };
const MARK = { to: "v2", rollout: "web-1" };

test("withRolloutRoute() keeps each route's policy for those that match, and adds the rest", () => {
  const beta = { match: { headers: { "x-beta": "1" } }, to: "v1" };
  const old = { match: { path: "/old" }, answer: { status: 410 } };
  const unlike = { match: { headers: { "X-Canary": "0" } }, timeout: "1s" };
  const routes = [beta, OWN, old, unlike];
  expect(withRolloutRoute({ ...PLAIN, routes }, ROUTE).routes).toEqual([
    beta,
    {
      match: { path: "/checkout", headers: { "x-shop": "a", "x-canary": "1" } },
      timeout: "5s",
      ...MARK,
    },
    OWN,
    old,
    unlike,
    { match: MATCH, ...MARK },
  ]);
});

test("withRolloutRoute() leaves out what would have more conditions than a route may", () => {
  const names = Array.from({ length: 32 }, (_each, index) => [`c${index}`, "1"]);
  const full = { match: { cookies: Object.fromEntries(names) as Record<string, string> } };
  const cookies = { match: { cookies: { beta: "1" } }, ...MARK };
  const after = withRolloutRoute({ ...PLAIN, routes: [full] }, cookies);
  expect(after.routes).toEqual([full, cookies]);
});

test("withRolloutRoute() is there once, and is taken away without a trace", () => {
  const first = withRolloutRoute({ ...PLAIN, routes: [OWN] }, ROUTE);
  const second = withRolloutRoute(first, { ...ROUTE, rollout: "web-2" });
  expect(second.routes?.map(({ rollout }) => rollout)).toEqual(["web-2", undefined, "web-2"]);
  expect(withRolloutRoute(second, undefined)).toEqual({ ...PLAIN, routes: [OWN] });
  expect(withRolloutRoute(withRolloutRoute(PLAIN, ROUTE), undefined)).toEqual(PLAIN);
  expect(withRolloutRoute(PLAIN, undefined)).toBe(PLAIN);
});

test("rolloutMatchOf() knows them only as long as all of them are there", () => {
  const whole = withRolloutRoute({ ...PLAIN, routes: [OWN] }, ROUTE);
  expect(rolloutMatchOf(whole)).toEqual(MATCH);
  const added = { match: { path: "/new" } };
  const others = [PLAIN, { ...whole, routes: [added, ...(whole.routes ?? [])] }];
  expect(others.map(rolloutMatchOf)).toEqual([undefined, undefined]);
});
