import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { findBrowser, startBrowser } from "./support/browser.ts";
import { startPageStage } from "./support/page-stage.ts";
import type { PageStage } from "./support/page-stage.ts";
import { openAt, sharesOf } from "./support/tab.ts";

/*
 * Goal: what people do with the page is what they were shown before, and nothing else. Method:
 * Debian's Chromium before a real sidecar under a light load, whose API says what has come of it.
 */

describe.skipIf(findBrowser() === undefined)("Whoever uses the page", () => {
  let browser: Browser;
  let stage: PageStage;

  beforeAll(async () => {
    [browser, stage] = await Promise.all([startBrowser(), startPageStage()]);
  });
  afterAll(async () => {
    await browser.close();
    await stage[Symbol.asyncDispose]();
  });

  /** A new tab with the page. */
  function open(hash = ""): Promise<Page> {
    return openAt(browser, stage.url + hash);
  }

  /** Puts the weights of `shop` back. */
  async function reset(): Promise<void> {
    await stage.sidecar.call("PATCH", "/v1/services/shop/weights", { v1: 90, v2: 10 });
  }

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

  test("does not drain a version for a table that has changed since it was asked", async () => {
    onTestFinished(reset);
    const page = await open("#/service/shop");
    await page.getByRole("button", { name: "Drain v2" }).click();
    await stage.sidecar.call("PATCH", "/v1/services/shop/weights", { v1: 70, v2: 30 });
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("button", { name: "Drain v2" }).click();
    await dialog.getByText("Close this, look at what has changed").waitFor();
    expect(await dialog.getByRole("button", { name: "Drain v2" }).isDisabled()).toBe(true);
    await dialog.getByRole("button", { name: "Cancel" }).click();
    await dialog.waitFor({ state: "detached" });
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

  test("shows a migration, and stops it", async () => {
    const path = "/v1/services/shop/versions/v1/state";
    onTestFinished(async () => void (await stage.sidecar.call("PUT", path, { state: "ready" })));
    const page = await open("#/service/shop");
    await page.getByRole("button", { name: "Drain v1" }).waitFor();
    await stage.sidecar.call("PUT", path, { state: "maint" });
    await page.getByRole("progressbar", { name: "Migration of v1" }).waitFor();
    await page.getByRole("button", { name: "Stop…" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Stop migration" }).click();
    await page.getByRole("status").getByText("migration of v1 has been stopped").waitFor();
    await page.getByRole("progressbar").waitFor({ state: "detached" });
  });

  test("drains an endpoint, and says why it gets nothing", async () => {
    const page = await open("#/service/search");
    const { address } = stage.origins.v1;
    await page.getByRole("button", { name: `Drain ${address}` }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("button", { name: `Drain ${address}` }).click();
    const row = page.getByRole("row", { name: address });
    await row.getByText("local asked for it").waitFor();
    await row.getByRole("button", { name: "Ready" }).click();
    await dialog.getByRole("button", { name: `Make ready ${address}` }).click();
    await row.getByText("no health check asks it").waitFor();
  });

  test("puts an endpoint into maintenance, and says who did that and why", async () => {
    const page = await open("#/service/search");
    const { address } = stage.origins.v1;
    await page.getByRole("button", { name: `Maint ${address}` }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText("the others of its version take them").waitFor();
    await dialog.getByLabel("Reason").fill("new disk");
    await dialog.getByRole("button", { name: `Maint ${address}` }).click();
    const row = page.getByRole("row", { name: address });
    await row.getByText("maint: local (“new disk”) asked for it").waitFor();
    await row.getByRole("button", { name: "Ready" }).click();
    await dialog.getByRole("button", { name: `Make ready ${address}` }).click();
    await row.getByText("no health check asks it").waitFor();
  });

  test("tries a shift, counts down to its end, and keeps it", async () => {
    onTestFinished(reset);
    const page = await open("#/service/shop");
    await page.getByLabel("Unless it is confirmed").selectOption("5m");
    await page.getByRole("button", { name: "25 %" }).click();
    await page.getByText("Plan against revision").waitFor();
    await page.getByRole("button", { name: "Shift", exact: true }).click();
    const trial = page.getByText("local tries this: back to v1=90 v2=10 in ");
    await trial.waitFor();
    const left = await trial.textContent();
    expect(left).toMatch(/ in [45]:\d\d/);
    await eventually(async () => expect(await trial.textContent()).not.toBe(left));
    await page.getByRole("button", { name: "Confirm" }).click();
    await page.getByRole("status").getByText("shop stays as it is").waitFor();
    await trial.waitFor({ state: "detached" });
    expect(await sharesOf(stage, "shop")).toEqual({ v1: 0.75, v2: 0.25 });
  });

  test("says that weights are frozen, until when and why, and thaws them", async () => {
    const until = new Date(Date.now() + 3_600_000).toISOString();
    const why = { "x-sluice-reason": "holidays" };
    await stage.sidecar.call("POST", "/v1/freezes", { service: "search", until }, why);
    const page = await open("#/service/search");
    await page.getByText(/frozen until .* by local: holidays/).waitFor();
    await page.getByRole("button", { name: "Thaw…" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Thaw" }).click();
    await page.getByText("frozen until").waitFor({ state: "detached" });
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

  test("pauses, resumes and promotes a rollout, and takes over from it", async () => {
    const whole = { v7: 100, v8: 0 };
    onTestFinished(async () => {
      await stage.sidecar.call("PATCH", "/v1/services/cart/weights?takeOver=true", whole);
    });
    const page = await open("#/service/cart");
    const [rollout, dialog] = [
      page.getByRole("region", { name: "Rollout" }),
      page.getByRole("dialog"),
    ];
    const does = async (verb: string, phase: string): Promise<void> => {
      await rollout.getByRole("button", { name: `${verb}…` }).click();
      await dialog.getByRole("button", { name: `${verb} rollout` }).click();
      await page.getByRole("status").getByText(`The rollout of cart is ${phase}`).waitFor();
    };
    await does("Retry", "progressing");
    await does("Pause", "paused");
    await does("Resume", "progressing");
    await page.getByRole("button", { name: "Pause p" }).waitFor();
    await page.keyboard.press("p");
    await dialog.getByRole("button", { name: "Pause rollout" }).click();
    await page.getByRole("status").getByText("The rollout of cart is paused").waitFor();
    await page.getByRole("button", { name: "Pause p" }).waitFor({ state: "detached" });
    await does("Resume", "progressing");
    await does("Promote", "progressing");
    await page.getByRole("button", { name: "25 %" }).click();
    await page.getByText("Plan against revision").waitFor();
    await page.getByText("it pauses, and lets go of them").waitFor();
    await page.getByRole("button", { name: "Take over from the rollout" }).click();
    await page.getByRole("status").getByText("Shifted").waitFor();
    expect(await sharesOf(stage, "cart")).toEqual({ v7: 0.75, v8: 0.25 });
    await rollout.getByText("paused").first().waitFor();
    await does("Abort", "aborted");
  });

  test("swaps the workers", async () => {
    const before = stage.sidecar.workerPids();
    const page = await open("#/fleet");
    await page.getByRole("button", { name: "Swap workers…" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Swap workers" }).click();
    await page.getByRole("status").getByText("New workers serve").waitFor();
    await eventually(() => {
      const now = stage.sidecar.workerPids();
      expect([now.length, now.filter((pid) => before.includes(pid))]).toEqual([before.length, []]);
    });
  });

  test("upgrades the sidecar, and goes on with the one that follows", async () => {
    await using own = await startPageStage();
    const page = await openAt(browser, `${own.url}#/fleet`);
    await page.getByRole("button", { name: "Upgrade…" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Upgrade" }).click();
    const told = page.getByRole("status").getByText(/^Process \d+ serves now$/);
    await told.waitFor();
    const pid = Number(/\d+/.exec((await told.textContent()) ?? "")?.[0]);
    onTestFinished(() => void process.kill(pid, "SIGKILL"));
    await own.sidecar.call("PATCH", "/v1/services/shop/weights", { v1: 60, v2: 40 });
    await page.goto(`${own.url}#/service/shop`);
    await page.getByText("v1=60 v2=40").first().waitFor();
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

  test("does everything with keys alone", async () => {
    onTestFinished(reset);
    const page = await open();
    await page.getByRole("link", { name: "shop" }).waitFor();
    const keys = page.keyboard;
    await pressUntilFocused(page, "/", "search");
    await keys.type("shop");
    await eventually(async () => expect(await page.locator("tbody tr").count()).toBe(1));
    await keys.press("Tab");
    await keys.press("Enter");
    await page.getByRole("heading", { name: "shop" }).waitFor();
    await pressUntilFocused(page, "s", "range");
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
    await page.locator("dialog").waitFor({ state: "detached" });
    await keys.press("d");
    await keys.press("Enter");
    await page.getByRole("dialog").getByText("New sessions go elsewhere").waitFor();
    await keys.press("Escape");
    await page.locator("dialog").waitFor({ state: "detached" });
    await keys.press("a");
    await page.getByRole("dialog").getByText("v1 gets 100 %").waitFor();
    await keys.type("enough");
    await keys.press("Enter");
    await page.getByRole("status").getByText("v1 has all of shop").waitFor();
    expect(await sharesOf(stage, "shop")).toEqual({ v1: 1, v2: 0 });
  });
});

/** Presses a key until a field of that type has the focus: keys work once the page is drawn. */
async function pressUntilFocused(page: Page, key: string, type: string): Promise<void> {
  await eventually(async () => {
    await page.keyboard.press(key);
    const focused = await page.evaluate(() => document.activeElement?.getAttribute("type"));
    expect(focused).toBe(type);
  });
}
