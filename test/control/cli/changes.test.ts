import { beforeEach, expect, test } from "vitest";
import { runCommand } from "../../support/run-cli.ts";
import { startApi } from "../../support/running-api.ts";
import type { RunningApi } from "../../support/running-api.ts";

let api: RunningApi;
let env: NodeJS.ProcessEnv;

beforeEach(async () => {
  api = await startApi();
  env = { SLUICE_API: `${api.url}/` };
  return () => api[Symbol.asyncDispose]();
});

/** The lines that a command prints. @throws when it fails */
async function lines(...args: readonly string[]): Promise<readonly string[]> {
  const { status, out, error } = await runCommand(args, env);
  expect([status, error]).toEqual([0, ""]);
  return out.split("\n");
}

test("sluice delete takes a service out, and sluice undo brings it back as it was", async () => {
  const before = api.services.document("web");
  expect(await lines("delete", "web", "--reason", "it has moved")).toEqual([
    "web is gone since revision 2; `sluice undo web` brings it back",
  ]);
  expect(api.services.names()).toEqual([]);
  expect(await lines("undo", "web")).toEqual(["web is what it was before, since revision 3"]);
  expect(api.services.document("web")).toEqual(before);
});

test("sluice undo goes back to a revision, and can be undone itself", async () => {
  await lines("shift", "web", "v2=20");
  await lines("shift", "web", "v2=30");
  expect(await lines("undo", "web", "1")).toEqual([
    "web is what it was at revision 1, since revision 4",
  ]);
  expect(api.services.shown("web").snapshot.versions[1]?.weight).toBe(10);
  await lines("undo", "web");
  expect(api.services.shown("web").snapshot.versions[1]?.weight).toBe(30);
});

test("sluice undo says so when nothing can be taken back", async () => {
  const { status, error } = await runCommand(["undo", "web"], env);
  expect([status, error]).toEqual([1, expect.stringMatching(/^sluice: Cannot undo web: .*audit/)]);
});

test("sluice delete and undo keep to --if-rev", async () => {
  await lines("shift", "web", "v2=20");
  for (const command of ["delete", "undo"]) {
    const { status, error } = await runCommand([command, "web", "--if-rev", "1"], env);
    expect([status, error]).toEqual([1, expect.stringContaining("wanted revision 1, found 2")]);
  }
});
