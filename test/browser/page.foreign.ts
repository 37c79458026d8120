import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { newToken } from "../support/api-tokens.ts";
import { eventually } from "../support/eventually.ts";
import { CLI } from "../support/sidecar.ts";
import { findBrowser, startBrowser } from "./support/browser.ts";
import { CuttableWay } from "./support/cuttable-way.ts";
import { startPageStage } from "./support/page-stage.ts";
import type { PageStage } from "./support/page-stage.ts";
import { findingsOf, openAt } from "./support/tab.ts";

/*
 * Goal: people see what is so, on a small screen and in the dark too, and what their role allows;
 * they are told when it is old. Method: Debian's Chromium before a real sidecar under a light load.
 */

/** It looks at every element of five pages. */
const AXE_TIMEOUT_MS = 120_000;

/** All files of the page, compressed. */
const PAGE_BYTES_MAX = 45 * 1_024;

test("The page fits into 45 KB, compressed", () => {
  const folder = join(dirname(CLI), "../page");
  const sizes = readdirSync(folder).map(
    (name) => gzipSync(readFileSync(join(folder, name))).length,
  );
  expect(sizes).toHaveLength(3);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(PAGE_BYTES_MAX);
});

const HAS_BROWSER = findBrowser() !== undefined;

test.runIf(process.env["CI"] === "true")("There is a browser where the gate is to be whole", () => {
  expect(HAS_BROWSER).toBe(true);
});

describe.skipIf(!HAS_BROWSER)("The page", () => {
  let browser: Browser;
  let stage: PageStage;

  beforeAll(async () => {
    [browser, stage] = await Promise.all([startBrowser(), startPageStage()]);
  });
  afterAll(async () => {
    await browser.close();
    await stage[Symbol.asyncDispose]();
  });

  /** A new tab with the page. What its console says of errors fails the test. */
  async function open(hash = "", options: Parameters<Browser["newPage"]>[0] = {}): Promise<Page> {
    return openAt(browser, stage.url + hash, options);
  }

  /** Puts the weights of `shop` back. */
  async function reset(): Promise<void> {
    await stage.sidecar.call("PATCH", "/v1/services/shop/weights", { v1: 90, v2: 10 });
  }

  test("lists services with problems first, and tells how their traffic goes", async () => {
    const page = await open();
    const rows = page.locator("tbody tr");
    await eventually(async () => {
      const names = await rows.locator("th").allTextContents();
      expect(names).toEqual(["payments", "cart", "search", "shop"]);
      const rate = await rows.nth(3).locator("[data-head='req/s']").textContent();
      expect(Number(rate)).toBeGreaterThan(1);
    });
    expect(await rows.first().textContent()).toContain("▲ green has weight 50");
    await page.getByRole("searchbox").fill("SH");
    await eventually(async () => expect(await rows.count()).toBe(1));
  });

  test("lists sidecars that lag first, and says when the table is this one's alone", async () => {
    const page = await open("#/fleet");
    await page.getByText("this sidecar's alone").waitFor();
    await page.route("**/v1/fleet", (route) =>
      route.fulfill({
        json: {
          revision: 9,
          sidecars: [
            { sidecar: "edge-1", revision: 9 },
            { sidecar: "edge-2", revision: 7, host: "rack-4" },
          ],
        },
      }),
    );
    await page.reload();
    const rows = page.getByRole("table", { name: "Sidecars" }).getByRole("row");
    await rows.nth(1).getByText("lags by 2 revisions").waitFor();
    expect(await rows.nth(2).textContent()).toContain("in step");
    expect(await page.getByRole("button", { name: /Swap|Upgrade/ }).count()).toBe(2);
  });

  test("says that the stream is lost, and knows what happened when it is back", async () => {
    onTestFinished(reset);
    using way = await CuttableWay.to(Number(new URL(stage.url).port));
    const page = await openAt(browser, `http://127.0.0.1:${way.port}/ui/#/service/shop`, {}, true);
    await page.getByRole("cell", { name: "90 %" }).first().waitFor();
    way.cut();
    await page.getByText("What you see is as old").waitFor();
    await page.getByText("Connection lost", { exact: true }).waitFor({ state: "attached" });
    await stage.sidecar.call("PATCH", "/v1/services/shop/weights", { v1: 60, v2: 40 });
    way.mend();
    await page.getByText("What you see is as old").waitFor({ state: "detached" });
    await page.getByText("v1=60 v2=40").first().waitFor();
    await page.getByRole("cell", { name: "60 %" }).first().waitFor();
  });

  test.each([
    ["light", 1200],
    ["dark", 360],
  ] as const)(
    "is accessible in the %s, %i px wide, and never wider",
    async (colorScheme, width) => {
      const axe = await readFile(fileURLToPath(import.meta.resolve("axe-core/axe.min.js")), "utf8");
      const page = await open("", { colorScheme, viewport: { width, height: 740 } });
      for (const hash of ["#/", "#/service/shop", "#/service/payments", "#/fleet", "#/audit"]) {
        await page.evaluate((to) => void (location.hash = to), hash);
        await page.locator("main h1").waitFor();
        expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
        await page.evaluate(axe);
        expect([hash, ...(await findingsOf(page))]).toEqual([hash]);
      }
    },
  );
});

describe.skipIf(!HAS_BROWSER)("The page where callers need a token", () => {
  test(
    "asks for one, keeps it in the tab, and shows what its role may do",
    async () => {
      const looker = newToken("looker");
      const shifter = newToken("shifter", { role: "shift" });
      const tokens = [looker, shifter].map(({ entry: { name, sha256, role } }) => {
        return { name, sha256, role };
      });
      await using stage = await startPageStage({ auth: { tokens } });
      await using browser = await startBrowser();
      const page = await openAt(browser, `${stage.url}#/service/shop`, {}, true);
      // Fewer than the sidecar bears of one address: each of them is shown to it once.
      for (let times = 0; times < 6; times += 1) {
        await page.getByLabel("Token").fill(`sluice_wrong${times}`);
        await page.getByRole("button", { name: "Enter" }).click();
        await page.getByText("one that is not known here").waitFor();
      }
      await page.getByLabel("Token").fill(looker.secret);
      await page.getByRole("button", { name: "Enter" }).click();
      await page.getByText("token:looker (read)").waitFor();
      await page.getByRole("row", { name: /v2/ }).first().waitFor();
      expect(await page.getByRole("button", { name: /Shift|Drain|Begin/ }).count()).toBe(0);
      const kept = await page.evaluate(() => `${localStorage.length}${document.cookie}`);
      expect(kept).toBe("0");
      expect(page.url()).not.toContain(looker.secret);
      const other = await openAt(browser, `${stage.url}#/service/shop`, {}, true);
      await other.getByLabel("Token").fill(shifter.secret);
      await other.getByRole("button", { name: "Enter" }).click();
      await other.getByRole("button", { name: "Drain v2" }).waitFor();
      await other.goto(`${stage.url}#/fleet`);
      await other.getByRole("heading", { name: "This sidecar" }).waitFor();
      expect(await other.getByRole("button", { name: /Swap|Upgrade/ }).count()).toBe(0);
    },
    AXE_TIMEOUT_MS,
  );
});
