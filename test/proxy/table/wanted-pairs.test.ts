import { expect, test } from "vitest";
import { CookiePairs } from "../../../proxy/table/cookie.ts";
import { hashRange } from "../../../proxy/table/hash.ts";
import { WantedPairs } from "../../../proxy/table/wanted-pairs.ts";
import { request } from "./service-fixture.ts";

const cookies = (cookie: string) => request("/", { cookie });

test("WantedPairs.want() gives the same pair for the same name and value", () => {
  const pairs = new WantedPairs(new CookiePairs());
  const pair = pairs.want("beta", "1");
  expect(pairs.want("beta", "1")).toBe(pair);
  expect(pairs.want("beta", "2")).not.toBe(pair);
});

test("WantedPairs.fulfils() speaks of the request that was read last", () => {
  const pairs = new WantedPairs(new CookiePairs());
  const both = [pairs.want("a", "1"), pairs.want("b", "2")];
  expect(pairs.fulfils(both)).toBe(false);
  const states = ["b=2; a=1", "a=1", "a=1; a=2; b=2", "a=2; a=1; b=2", ""].map((cookie) => {
    pairs.read(cookies(cookie));
    return pairs.fulfils(both);
  });
  expect(states).toEqual([true, false, true, false, false]);
});

test("WantedPairs look at 1 024 pairs of a request and at none behind them", () => {
  const pairs = new WantedPairs(new CookiePairs());
  const wanted = [pairs.want("beta", "1")];
  const fulfilled = [1023, 1024].map((before) => {
    pairs.read(cookies(`${"a=1;".repeat(before)}beta=1`));
    return pairs.fulfils(wanted);
  });
  expect(fulfilled).toEqual([true, false]);
});

test("WantedPairs tell names and values of one hash apart", () => {
  const twins = ["costarring", "liquid"] as const;
  expect(hashRange(twins[0], 0, 10)).toBe(hashRange(twins[1], 0, 6));
  const pairs = new WantedPairs(new CookiePairs());
  const wanted = twins.flatMap((name) => twins.map((value) => pairs.want(name, value)));
  pairs.read(cookies("liquid=costarring; costarring=liquid"));
  expect(wanted.map((pair) => pairs.fulfils([pair]))).toEqual([false, true, true, false]);
  pairs.read(cookies("liquid=liquid"));
  expect(wanted.map((pair) => pairs.fulfils([pair]))).toEqual([false, false, false, true]);
});
