import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import {
  WORKER_VARIABLES,
  workerEnvironment,
} from "../../../control/workers/worker-environment.ts";

const MALLOC = {
  MALLOC_MMAP_THRESHOLD_: "65536",
  MALLOC_TOP_PAD_: "32768",
  MALLOC_TRIM_THRESHOLD_: "8388608",
};

test("a worker gets what Node needs, its pseudonym, and none of the primary's secrets", () => {
  const kept = { PATH: "/bin", TZ: "UTC", NODE_OPTIONS: "--stack-size=900" };
  const env = { ...kept, CONSUL_HTTP_TOKEN: "secret", NODE_AUTH_TOKEN: "secret", KEY: "secret" };
  const own = { SLUICE_PSEUDONYM: "sluice-1", ...MALLOC };
  expect(workerEnvironment(env, "sluice-1")).toEqual({ ...kept, ...own });
});

test("what an operator has said of malloc holds for workers too", () => {
  const env = { MALLOC_TOP_PAD_: "131072" };
  expect(workerEnvironment(env, "a")).toEqual({ ...MALLOC, ...env, SLUICE_PSEUDONYM: "a" });
});

test("the operators' guide names every variable that a worker gets", async () => {
  const guide = await readFile(new URL("../../../docs/operations.md", import.meta.url), "utf8");
  expect(WORKER_VARIABLES.filter((name) => !guide.includes(`\`${name}\``))).toEqual([]);
});
