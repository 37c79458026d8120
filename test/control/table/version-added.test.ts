import { expect, test } from "vitest";
import { versionAdded } from "../../../control/table/version-added.ts";

const consul = { service: "web", version: "v1", datacenter: "dc2" };

test("versionAdded() finds it as the one that it is like, with no weight", () => {
  const added = versionAdded({ versions: { v1: { consul } } }, { name: "v2", like: "v1" });
  expect(added.versions).toEqual({
    v1: { weight: 1, consul },
    v2: { weight: 0, consul: { ...consul, version: "v2" } },
  });
});

test("versionAdded() leaves alone what is not found by its version", () => {
  const document = { versions: { v1: { consul: { service: "web", tag: "v1" } } } };
  expect(versionAdded(document, { name: "v2", like: "v1" })).toBe(document);
  expect(versionAdded(document, { name: "v2", like: "v9" })).toBe(document);
});
