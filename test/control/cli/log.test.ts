import { expect, test } from "vitest";
import { runCommand } from "../../support/run-cli.ts";
import { startApi } from "../../support/running-api.ts";

test("sluice log shows the level, and sets it", async () => {
  await using api = await startApi();
  const env = { SLUICE_API: api.url };
  const now = (level: string): string => `The log has lines from level ${level} on`;
  expect((await runCommand(["log"], env)).out).toBe(now("info"));
  expect((await runCommand(["log", "warn"], env)).out).toBe(now("warn"));
  expect((await runCommand(["log"], env)).out).toBe(now("warn"));
});

test("sluice log refuses a level that there is not", async () => {
  const { status, error } = await runCommand(["log", "debug"]);
  expect(status).toBe(2);
  expect(error).toContain("info, warn, error");
});
