import { expect, test } from "vitest";
import { Endpoint } from "../../../proxy/upstream/endpoint.ts";
import { panics } from "../../../proxy/upstream/panic.ts";
import { endpointSnapshot } from "./pool-fixture.ts";

const WELL = endpointSnapshot("a:1");
const ILL = endpointSnapshot("b:1", { healthy: false });

function endpoint(snapshot = WELL, more: Partial<Endpoint> = {}): Endpoint {
  return Object.assign(new Endpoint(snapshot, -Infinity), more);
}

test.each([
  ["half of them are well", [endpoint(), endpoint(ILL)], false],
  ["less than half are", [endpoint(), endpoint(ILL), endpoint(ILL)], true],
  ["none is", [endpoint(ILL), endpoint(ILL)], false],
  ["there is none", [], false],
  [
    "those ill are ejected",
    [endpoint(), endpoint(WELL, { ejectedUntilMs: 1 }), endpoint(ILL)],
    true,
  ],
  ["one is tried first", [endpoint(), endpoint(WELL, { trial: "due" }), endpoint(ILL)], true],
  ["one is being tried", [endpoint(), endpoint(WELL, { trial: "under way" }), endpoint(ILL)], true],
])("panics() where %s", (_, endpoints, expected) => {
  expect(panics(endpoints, 50)).toBe(expected);
});

test("panics() does not count those that somebody has out on purpose", () => {
  const out = [{ state: "maint" }, { state: "drain" }, { healthy: false, setAside: true }] as const;
  const aside = out.map((each) => endpoint(endpointSnapshot("c:1", each)));
  expect(panics([endpoint(), endpoint(ILL), ...aside], 50)).toBe(false);
  expect(panics([endpoint(), endpoint(ILL), endpoint(ILL), ...aside], 50)).toBe(true);
});

test("panics() never at 0 per cent", () => {
  expect(panics([endpoint(), ...Array.from({ length: 9 }, () => endpoint(ILL))], 0)).toBe(false);
});
