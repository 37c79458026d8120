import { expect, test } from "vitest";
import { ownBinds } from "../../../control/config/own-binds.ts";

type Binding = Parameters<typeof ownBinds>[0];

test("ownBinds() names each address of our own, and where it stands in the file", () => {
  const binding = {
    control: { bind: "127.0.0.1:1" },
    metrics: { bind: "127.0.0.1:2" },
    listeners: [{ bind: "0.0.0.0:3" }, { bind: "[::]:4" }],
  } as unknown as Binding;
  expect(ownBinds(binding)).toEqual([
    { bind: "127.0.0.1:1", path: ["control", "bind"], isListener: false },
    { bind: "127.0.0.1:2", path: ["metrics", "bind"], isListener: false },
    { bind: "0.0.0.0:3", path: ["listeners", 0, "bind"], isListener: true },
    { bind: "[::]:4", path: ["listeners", 1, "bind"], isListener: true },
  ]);
  expect(ownBinds({ ...binding, metrics: undefined }).map(({ bind }) => bind)).not.toContain(
    "127.0.0.1:2",
  );
});
