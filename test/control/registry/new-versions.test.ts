import { expect, test } from "vitest";
import { readInstances } from "../../../control/registry/health.ts";
import { newVersionsAmong } from "../../../control/registry/new-versions.ts";

function instancesOf(versions: Readonly<Record<string, string>>): ReturnType<typeof readInstances> {
  const entries = Object.entries(versions).map(([version, Status], port) => {
    const Service = { Address: "10.0.0.7", Port: port + 1, Meta: { version } };
    return { Node: { Address: "10.0.0.1" }, Service, Checks: [{ CheckID: "own", Status }] };
  });
  return readInstances("read", entries);
}

const INSTANCES = instancesOf({ v1: "passing", v9: "passing", v2: "warning", v3: "critical" });

test("newVersionsAmong() names healthy ones that nobody means, and what is like them", () => {
  const watch = { instances: INSTANCES };
  const v1 = { version: "v1", selector: { service: "web", version: "v1" }, watch };
  expect(newVersionsAmong([v1], false)).toEqual([{ name: "v9", like: "v1" }]);
  expect(newVersionsAmong([v1], true).map(({ name }) => name)).toEqual(["v2", "v9"]);
  const v9 = { version: "canary", selector: { service: "web", version: "v9" }, watch };
  expect(newVersionsAmong([v1, v9], false)).toEqual([]);
});

test("newVersionsAmong() is silent where versions are not told by Meta.version", () => {
  const watch = { instances: INSTANCES };
  const byTag = { version: "v1", selector: { service: "web", tag: "blue" }, watch };
  expect(newVersionsAmong([byTag], false)).toEqual([]);
  const none = { version: "v1", selector: { service: "web", version: "v1" } };
  expect(newVersionsAmong([{ ...none, watch: { instances: undefined } }], false)).toEqual([]);
});
