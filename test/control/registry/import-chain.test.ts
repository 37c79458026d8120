import { expect, test } from "vitest";
import { ImportChain, isSame } from "../../../control/registry/import-chain.ts";
import type { EntryPlace } from "../../../control/registry/config-entry.ts";
import { entriesOf } from "./import-fixture.ts";
import type { GivenEntries } from "./import-fixture.ts";

function chainOf(given: GivenEntries): ImportChain {
  return new ImportChain("web", entriesOf(given));
}

function targetText(chain: ImportChain, place: EntryPlace): string {
  const { service, subset, filter } = chain.target("web", place);
  return [service, subset, filter].join(" ").trim();
}

test("a place leads to the default subset, and of another service to that service's own", () => {
  const chain = chainOf({
    "service-resolver/web": { DefaultSubset: "v1", Subsets: { v1: { Filter: "a" }, v2: {} } },
    "service-resolver/other": { Subsets: { v1: { Filter: "b" } } },
  });
  expect(targetText(chain, {})).toBe("web v1 a");
  expect(targetText(chain, { ServiceSubset: "v2" })).toBe("web v2");
  expect(targetText(chain, { Service: "other" })).toBe("other");
  expect(targetText(chain, { Service: "other", ServiceSubset: "v1" })).toBe("other v1 b");
  expect(targetText(chain, { Service: "unheard-of" })).toBe("unheard-of");
});

test("a redirect comes before the default subset, and leaves the subset behind", () => {
  const chain = chainOf({
    "service-resolver/web": { Redirect: { Service: "new" } },
    "service-resolver/new": { DefaultSubset: "v9", Subsets: { v9: {} } },
    "service-resolver/same": { Redirect: { ServiceSubset: "v2" }, Subsets: { v2: {} } },
  });
  expect(targetText(chain, { ServiceSubset: "v1" })).toBe("new v9");
  expect(targetText(chain, { Service: "same" })).toBe("same v2");
});

test("a subset that is not there, and a circle of redirects, are refused", () => {
  const chain = chainOf({
    "service-resolver/a": { Redirect: { Service: "b" } },
    "service-resolver/b": { Redirect: { Service: "a" } },
  });
  expect(() => chain.target("web", { Service: "a" })).toThrow(
    /^Cannot import web: redirects lead in a circle at service-resolver [ab]$/,
  );
  for (const subset of ["v1", "constructor"]) {
    expect(() => chain.target("web", { ServiceSubset: subset })).toThrow(
      `Cannot import web: service-resolver web has no subset ${subset}`,
    );
  }
});

test("a line for a service with a splitter stands for that splitter's lines", () => {
  const chain = chainOf({
    "service-splitter/web": {
      Splits: [
        { Weight: 90, ServiceSubset: "v1" },
        { Weight: 10, Service: "beta" },
      ],
    },
    "service-splitter/beta": {
      Splits: [
        { Weight: 75, Service: "beta", ServiceSubset: "x" },
        { Weight: 25, Service: "gamma" },
      ],
    },
  });
  expect(chain.lines("web")).toEqual([
    { place: { Service: "web", ServiceSubset: "v1" }, weight: 9_000 },
    { place: { Service: "beta", ServiceSubset: "x" }, weight: 750 },
    { place: { Service: "gamma", ServiceSubset: undefined }, weight: 250 },
  ]);
});

test("splitters that lead in a circle are refused", () => {
  const chain = chainOf({
    "service-splitter/web": { Splits: [{ Weight: 100, Service: "b" }] },
    "service-splitter/b": { Splits: [{ Weight: 100, Service: "web" }] },
  });
  expect(() => chain.lines("web")).toThrow("splitters lead in a circle at");
});

test("a failover is that of the subset, else that of all, and never to itself", () => {
  const chain = chainOf({
    "service-resolver/web": {
      Subsets: { v1: {}, v2: {} },
      Failover: {
        v2: { ServiceSubset: "v1" },
        "*": { Targets: [{ Service: "a" }, { ServiceSubset: "v1" }] },
      },
    },
  });
  const failovers = (place: EntryPlace): readonly string[] =>
    chain
      .failovers(chain.target("web", place))
      .map(({ target }) => `${target.service}/${target.subset}`);
  expect(failovers({ ServiceSubset: "v2" })).toEqual(["web/v1"]);
  expect(failovers({ ServiceSubset: "v1" })).toEqual(["a/"]);
  expect(failovers({ Service: "a" })).toEqual([]);
  expect(isSame(chain.target("web", {}), chain.target("web", { Service: "web" }))).toBe(true);
});
