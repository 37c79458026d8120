import { expect, onTestFinished, test } from "vitest";
import { runCommand } from "../../support/run-cli.ts";
import { startApi } from "../../support/running-api.ts";

test("A shift with confirmWithin is taken back, unless it is confirmed", async () => {
  const api = await startApi({ leadsRollouts: true });
  onTestFinished(() => api[Symbol.asyncDispose]());
  const run = async (...args: readonly string[]): Promise<string> => {
    const { status, out, error } = await runCommand(args, { SLUICE_API: api.url });
    return `${status} ${out}${error}`;
  };
  const weights = (): number[] => api.services.snapshot("web").versions.map((each) => each.weight);
  expect(await run("confirm", "web")).toMatch(/^1 sluice: Cannot confirm a shift of web: none/);
  expect(await run("shift", "web", "v2=20%", "--confirm-within", "1h")).toMatch(
    /^0 web is at revision 2: .+; `sluice confirm web` keeps it$/,
  );
  const shown = async (path: string): Promise<unknown> =>
    JSON.parse((await run(...path.split(" "), "--json")).slice(2));
  const trial = { until: expect.any(String), actor: "local", before: { v1: 90, v2: 10 } };
  expect(await shown("services web")).toMatchObject({ trial });
  expect(await shown("services")).toMatchObject({ services: [{ name: "web", trial }] });
  expect(await run("confirm", "web")).toBe("0 web stays as it is");
  expect(await shown("services web")).not.toHaveProperty("trial");
  expect(await run("shift", "web", "v2=50%", "--confirm-within", "1s")).toMatch(/^0 /);
  expect(weights()).toEqual([50, 50]);
  await expect.poll(weights, { timeout: 10_000 }).toEqual([80, 20]);
  expect(await run("shift", "web", "v2=50%", "--confirm-within", "soon")).toMatch(
    /^1 sluice: Cannot read .+confirmWithin: wanted a duration/,
  );
});
