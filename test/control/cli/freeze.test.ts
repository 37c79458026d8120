import { expect, onTestFinished, test } from "vitest";
import { cellsOf, runCommand } from "../../support/run-cli.ts";
import { startApi } from "../../support/running-api.ts";

test("sluice freeze keeps weights as they are, says so, and sluice thaw ends that", async () => {
  const api = await startApi();
  onTestFinished(() => api[Symbol.asyncDispose]());
  const run = async (...args: readonly string[]): Promise<string> => {
    const { status, out, error } = await runCommand(args, { SLUICE_API: api.url });
    return `${status} ${out}${error}`;
  };
  expect(await run("freeze", "web", "--until", "2h")).toBe(
    "2 sluice: Cannot freeze: wanted --reason TEXT beside --until, found none",
  );
  const freeze = ["freeze", "web", "--reason", "holidays", "--until"];
  expect(await run(...freeze, "2h")).toMatch(/^0 web is frozen until 20\S+Z$/);
  expect(await run("shift", "web", "v2=20%")).toMatch(/^1 sluice: Cannot change .+ holidays/);
  expect(cellsOf(await run("freeze"))[1]).toEqual([
    "web",
    expect.stringMatching(/^20.+Z$/),
    "local",
    "holidays",
  ]);
  expect(await run("thaw")).toMatch(/^1 sluice: Cannot end a freeze of all services/);
  expect(await run("thaw", "web")).toBe("0 web is not frozen any more");
  expect((await run("shift", "web", "v2=20%")).slice(0, 1)).toBe("0");
  expect(await run(...freeze, "soon")).toMatch(/^2 sluice: Cannot read --until: wanted a time/);
  const all = ["freeze", "--until", "2099-01-01T00:00:00+01:00", "--reason", "x"];
  expect(await run(...all)).toBe("0 Everything is frozen until 2098-12-31T23:00:00.000Z");
});
