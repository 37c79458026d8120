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

/*
 * Goal: people can see and do with the page what it promises, with a mouse, with keys alone, on a
 * small screen, in the dark; and it never shows what is not so. Method: Debian's Chromium before a
 * real sidecar under a light load.
 */

/** All files of the page, compressed. */
const PAGE_BYTES_MAX = 45 * 1_024;

const WIDE = { width: 1200, height: 900 };

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

  test("shifts what was planned, with its reason", async () => {
    onTestFinished(reset);
    const page = await open("#/service/shop");
    const shift = page.getByRole("button", { name: "Shift", exact: true });
    await eventually(async () => expect(await shift.isDisabled()).toBe(true));
    await page.getByRole("button", { name: "25 %" }).click();
    await page.getByText("Plan against revision").waitFor();
    expect(await page.locator(".plan").textContent()).toMatch(/v1: 90 % → 75 % · users moved 1\d/);
    await page.getByLabel("Reason").fill("größer");
    await shift.click();
    await page.getByRole("status").getByText("Shifted").waitFor();
    expect(await sharesOf(stage, "shop")).toEqual({ v1: 0.75, v2: 0.25 });
    const audit = await (await stage.sidecar.call("GET", "/v1/audit?limit=1")).text();
    expect(audit).toContain('"reason":"größer"');
    await page.getByText("v1=75 v2=25").first().waitFor();
  });

  test("plans anew when somebody was faster, and shifts only when it is asked again", async () => {
    onTestFinished(reset);
    const page = await open("#/service/shop");
    await page.getByRole("button", { name: "50 %" }).click();
    await page.getByText("Plan against revision").waitFor();
    await stage.sidecar.call("PATCH", "/v1/services/shop/weights", { v1: 80, v2: 20 });
    const shift = page.getByRole("button", { name: "Shift", exact: true });
    await shift.click();
    await page.getByText("Somebody was faster").waitFor();
    expect(await sharesOf(stage, "shop")).toEqual({ v1: 0.8, v2: 0.2 });
    await shift.click();
    await page.getByRole("status").getByText("Shifted").waitFor();
    expect(await sharesOf(stage, "shop")).toEqual({ v1: 0.5, v2: 0.5 });
  });

  test("drains a version and makes it ready again", async () => {
    const page = await open("#/service/shop");
    await page.getByRole("button", { name: "Drain v2" }).click();
    await page.getByRole("dialog").getByLabel("Reason").fill("new kernel");
    await page.getByRole("dialog").getByRole("button", { name: "Drain v2" }).click();
    await page.getByRole("status").getByText("v2 of shop is in state drain").waitFor();
    await page.getByText("◐ drain").waitFor();
    await page.getByRole("button", { name: "Ready v2" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Make ready v2" }).click();
    await page.getByRole("button", { name: "Drain v2" }).waitFor();
  });

  test("says what would end a service, and does it anyway only with a reason", async () => {
    const page = await open("#/service/shop");
    onTestFinished(async () => {
      for (const version of ["v1", "v2"]) {
        const path = `/v1/services/shop/versions/${version}/state`;
        await stage.sidecar.call("PUT", path, { state: "ready" });
      }
    });
    await stage.sidecar.call("PUT", "/v1/services/shop/versions/v2/state", { state: "drain" });
    await page.getByText("◐ drain").waitFor();
    await page.getByRole("button", { name: "Drain v1" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("button", { name: "Drain v1" }).click();
    await dialog.getByText("✕").waitFor();
    await dialog.getByLabel(/anyway/).check();
    await dialog.getByLabel("Reason", { exact: true }).fill("it is broken");
    await dialog.getByRole("button", { name: "Drain v1" }).click();
    await page.getByRole("status").getByText("v1 of shop is in state drain").waitFor();
  });

  test("begins a rollout, shows its evidence, and aborts it", async () => {
    const page = await open("#/service/cart");
    await page.getByRole("button", { name: "Begin…" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Begin rollout" }).click();
    const rollout = page.getByRole("region", { name: "Rollout" });
    await rollout.getByText("progressing").waitFor();
    await rollout.getByRole("button", { name: "abort…" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Abort rollout" }).click();
    await rollout.getByText("aborted").first().waitFor();
    await rollout.getByRole("button", { name: "retry…" }).waitFor();
  });

  test("undoes a change of the audit log", async () => {
    onTestFinished(reset);
    await reset();
    await stage.sidecar.call("PATCH", "/v1/services/shop/weights", { v1: 1, v2: 2 });
    const page = await open("#/audit");
    await page.getByText("versions.v2.weight").first().waitFor();
    await page
      .getByRole("button", { name: /^Undo revision/ })
      .first()
      .click();
    await page.getByRole("dialog").getByRole("button", { name: "Undo", exact: true }).click();
    await page.getByRole("status").getByText("shop is what it was").waitFor();
    expect(await sharesOf(stage, "shop")).toEqual({ v1: 0.9, v2: 0.1 });
  });

  test("says that the stream is lost, and knows what happened when it is back", async () => {
    onTestFinished(reset);
    using way = await CuttableWay.to(Number(new URL(stage.url).port));
    const page = await openAt(browser, `http://127.0.0.1:${way.port}/ui/#/service/shop`, {}, true);
    await page.getByRole("cell", { name: "90 %" }).first().waitFor();
    way.cut();
    await page.getByText("Connection lost").waitFor();
    await stage.sidecar.call("PATCH", "/v1/services/shop/weights", { v1: 60, v2: 40 });
    way.mend();
    await page.getByText("Connection lost").waitFor({ state: "detached" });
    await page.getByText("v1=60 v2=40").first().waitFor();
    await page.getByRole("cell", { name: "60 %" }).first().waitFor();
  });

  test("does everything with keys alone", async () => {
    onTestFinished(reset);
    const page = await open();
    await page.getByRole("link", { name: "shop" }).waitFor();
    const keys = page.keyboard;
    await keys.press("/");
    await keys.type("shop");
    await eventually(async () => expect(await page.locator("tbody tr").count()).toBe(1));
    await keys.press("Tab");
    await keys.press("Enter");
    await page.getByRole("heading", { name: "shop" }).waitFor();
    await keys.press("s");
    for (let step = 0; step < 5; step += 1) await keys.press("ArrowRight");
    await page.getByText("Plan against revision").waitFor();
    await eventually(async () => {
      expect(await page.locator(".plan").textContent()).toContain("→ 15 %");
    });
    await keys.press("Tab");
    await keys.type("by keys");
    await keys.press("Enter");
    await page.getByRole("status").getByText("Shifted").waitFor();
    expect(await sharesOf(stage, "shop")).toEqual({ v1: 0.85, v2: 0.15 });
    await page.getByRole("heading", { name: "shop" }).click();
    await keys.press("?");
    await page.getByRole("dialog").getByText("find a service").waitFor();
    await keys.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await keys.press("a");
    await page.getByRole("dialog").getByText("v1 gets 100 %").waitFor();
    await keys.type("enough");
    await keys.press("Enter");
    await page.getByRole("status").getByText("v1 has all of shop").waitFor();
    expect(await sharesOf(stage, "shop")).toEqual({ v1: 1, v2: 0 });
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
  test("asks for one, keeps it in the tab, and shows what its role may do", async () => {
    const looker = newToken("looker");
    const shifter = newToken("shifter", { role: "shift" });
    const tokens = [looker, shifter].map(({ entry: { name, sha256, role } }) => {
      return { name, sha256, role };
    });
    await using stage = await startPageStage({ auth: { tokens } });
    await using browser = await startBrowser();
    const page = await openAt(browser, `${stage.url}#/service/shop`, {}, true);
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
  });
});

/** A new tab. Unless `mayFail`, whatever its console says of errors fails the test. */
async function openAt(
  browser: Browser,
  url: string,
  options: Parameters<Browser["newPage"]>[0] = {},
  mayFail = false,
): Promise<Page> {
  const page = await browser.newPage({ viewport: WIDE, ...options });
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("console", (message) => {
    // That a call was refused is an answer that the page shows.
    const isAnswer = message.text().startsWith("Failed to load resource");
    if (message.type() === "error" && !isAnswer) errors.push(message.text());
  });
  onTestFinished(async () => {
    await page.close();
    expect(mayFail ? [] : errors).toEqual([]);
  });
  await page.goto(url);
  return page;
}

async function sharesOf(stage: PageStage, service: string): Promise<unknown> {
  const answer = await stage.sidecar.call("GET", `/v1/services/${service}`);
  return ((await answer.json()) as { readonly shares: unknown }).shares;
}

/** What axe says, as far as it is looked at. */
type Found = {
  readonly violations: readonly {
    readonly id: string;
    readonly impact: string;
    readonly nodes: readonly { readonly html: string }[];
  }[];
};

/** What axe finds that is serious, with the places. */
async function findingsOf(page: Page): Promise<readonly string[]> {
  const { violations } = await page.evaluate<Found>("axe.run()");
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" | ")}`);
}
