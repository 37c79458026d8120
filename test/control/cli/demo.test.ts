import { expect, test } from "vitest";
import { runCommand } from "../../support/run-cli.ts";

test.each(["localhost:8500", "ftp://consul.test", "8500"])(
  "sluice demo --consul refuses %j, which is no URL of an agent",
  async (url) => {
    const found = JSON.stringify(url);
    expect(await runCommand(["demo", "--once", "--consul", url])).toEqual({
      status: 2,
      out: "",
      error: `sluice: Cannot read --consul: wanted an http:// or https:// URL, found ${found}`,
    });
  },
);

test("sluice demo --consul fails before it starts anything when there is no agent", async () => {
  const { status, error } = await runCommand(["demo", "--once", "--consul"], { PATH: "" });
  expect([status, error]).toEqual([1, expect.stringMatching(/^sluice: Cannot find Consul: /)]);
});

test.each([[["--bad"]], [["--rollout", "--mesh"]], [["--rollout", "--consul"]]])(
  "sluice demo refuses %j, which cannot be",
  async (options) => {
    const { status, error } = await runCommand(["demo", ...options]);
    expect([status, error]).toEqual([2, expect.stringMatching(/^sluice: Cannot use --/)]);
  },
);
