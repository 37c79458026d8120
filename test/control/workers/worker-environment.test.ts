import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import {
  WORKER_VARIABLES,
  workerEnvironment,
} from "../../../control/workers/worker-environment.ts";

test("a worker gets what Node needs, its pseudonym, and none of the primary's secrets", () => {
  const kept = { PATH: "/bin", TZ: "UTC", NODE_OPTIONS: "--stack-size=900" };
  const env = { ...kept, CONSUL_HTTP_TOKEN: "secret", NODE_AUTH_TOKEN: "secret", KEY: "secret" };
  expect(workerEnvironment(env, "sluice-1")).toEqual({ ...kept, SLUICE_PSEUDONYM: "sluice-1" });
});

test("the operators' guide names every variable that a worker gets", async () => {
  const guide = await readFile(new URL("../../../docs/operations.md", import.meta.url), "utf8");
  expect(WORKER_VARIABLES.filter((name) => !guide.includes(`\`${name}\``))).toEqual([]);
});
