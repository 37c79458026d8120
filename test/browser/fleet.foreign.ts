import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { consulForTests } from "../support/consul-binary.ts";
import { TestAgent } from "../support/consul.ts";
import { ConsulFleet } from "../support/consul-fleet.ts";
import { eventually } from "../support/eventually.ts";
import type { TestSidecar } from "../support/sidecar.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { findBrowser, startBrowser } from "./support/browser.ts";
import { openAt } from "./support/tab.ts";

/*
 * Goal: the page of one sidecar shows the fleet as it is, and what others do to the table. Method:
 * Debian's Chromium before three real sidecars that share a table in a real Consul.
 */

const CONSUL = await consulForTests();

/** Heartbeats and sessions of Consul, on a busy machine. */
const FLEET_MS = 60_000;
const TEST_TIMEOUT_MS = 3 * FLEET_MS;

describe.skipIf(CONSUL === undefined || findBrowser() === undefined)("The page of a fleet", () => {
  let browser: Browser;

  beforeAll(async () => {
    browser = await startBrowser();
  });
  afterAll(() => browser.close());

  /** Three sidecars in step, and a tab with the page of the first. */
  async function startFleet(
    hash: string,
  ): Promise<{ readonly fleet: ConsulFleet; readonly page: Page }> {
    const agent = await TestAgent.start(CONSUL ?? "");
    onTestFinished(() => agent[Symbol.asyncDispose]());
    const fleet = await ConsulFleet.start(agent, await temporaryFolder());
    onTestFinished(() => fleet[Symbol.asyncDispose]());
    for (const name of ["a", "b", "c"]) await fleet.add(name);
    await fleet.inStep();
    const [first] = fleet.sidecars;
    return { fleet, page: await openAt(browser, `${first?.api}/ui/${hash}`) };
  }

  /** What the table of sidecars shows: name, revision and state of each. */
  async function rows(page: Page): Promise<readonly string[]> {
    const table = page.getByRole("table", { name: "Sidecars" });
    const texts = await table.getByRole("row").allInnerTexts();
    return texts.slice(1).map((text) =>
      text
        .split(/\s*[\t\n]\s*/)
        .slice(0, 3)
        .join(" "),
    );
  }

  async function revisionOf(sidecar: TestSidecar | undefined): Promise<number> {
    if (sidecar === undefined) throw new Error("There is no such sidecar");
    const answer = await sidecar.call("GET", "/v1/services/web");
    return ((await answer.json()) as { readonly revision: number }).revision;
  }

  test(
    "shows who is in step, who lags behind, and who is gone",
    async () => {
      const { fleet, page } = await startFleet("#/fleet");
      const [a, b, c] = fleet.sidecars;
      const at = await revisionOf(a);
      const inStep = (name: string, revision: number): string => `${name} ${revision} ● in step`;
      const all = ["a", "b", "c"].map((name) => inStep(name, at));
      await eventually(async () => expect(await rows(page)).toEqual(all), FLEET_MS);

      c?.child.kill("SIGSTOP");
      expect((await fleet.shift(1, 70)).status).toBe(200);
      const others = ["a", "b"].map((name) => inStep(name, at + 1));
      const lagging = [`c ${at} ▲ lags by 1 revision`, ...others];
      await eventually(async () => expect(await rows(page)).toEqual(lagging), FLEET_MS);
      c?.child.kill("SIGCONT");
      const again = [...others, inStep("c", at + 1)];
      await eventually(async () => expect(await rows(page)).toEqual(again), FLEET_MS);

      if (b !== undefined) await fleet.end(b);
      const left = [inStep("a", at + 1), inStep("c", at + 1)];
      await eventually(async () => expect(await rows(page)).toEqual(left), FLEET_MS);
    },
    TEST_TIMEOUT_MS,
  );

  test(
    "shows at once what another sidecar shifts, and shifts for all of them",
    async () => {
      const { fleet, page } = await startFleet("#/service/web");
      expect((await fleet.shift(2, 90)).status).toBe(200);
      await page.getByText("v1 90 %").first().waitFor({ timeout: FLEET_MS });

      await page.getByRole("button", { name: "50 %" }).click();
      await page.getByText("Plan against revision").waitFor();
      await page.getByRole("button", { name: "Shift", exact: true }).click();
      await page.getByRole("status").getByText("Shifted").waitFor();
      const revision = await revisionOf(fleet.sidecars[0]);
      const view = [1, 2, 3].map(() => `${revision}: 50`);
      await eventually(async () => expect(await fleet.view()).toEqual(view), FLEET_MS);
    },
    TEST_TIMEOUT_MS,
  );

  test(
    "stays with the sidecar when that is upgraded",
    async () => {
      const { fleet, page } = await startFleet("#/fleet");
      await eventually(async () => expect(await rows(page)).toHaveLength(3), FLEET_MS);
      const [a] = fleet.sidecars;
      await page.getByRole("button", { name: "Upgrade…" }).click();
      await page.getByRole("dialog").getByRole("button", { name: "Upgrade" }).click();
      const notice = page.getByRole("status").getByText(/^Process \d+ serves now$/);
      await notice.waitFor({ timeout: FLEET_MS });
      const pid = Number(/\d+/.exec((await notice.textContent()) ?? "")?.[0]);
      onTestFinished(() => void process.kill(pid, "SIGKILL"));
      expect(await a?.ended).toBe(0);
      expect((await fleet.shift(1, 30)).status).toBe(200);
      await eventually(async () => {
        const shown = await rows(page);
        expect(shown.map((text) => text.replace(/ \d+ /, " "))).toEqual(
          ["a", "b", "c"].map((name) => `${name} ● in step`),
        );
      }, FLEET_MS);
    },
    TEST_TIMEOUT_MS,
  );
});
