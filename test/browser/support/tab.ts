import type { Browser, Page } from "playwright-core";
import { expect, onTestFinished } from "vitest";
import type { PageStage } from "./page-stage.ts";

/** How wide a screen usually is. */
const WIDE = { width: 1200, height: 900 };

/** A new tab. Unless `mayFail`, whatever its console says of errors fails the test. */
export async function openAt(
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

/** Shares of a service, as the API has them. */
export async function sharesOf(stage: PageStage, service: string): Promise<unknown> {
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
export async function findingsOf(page: Page): Promise<readonly string[]> {
  const { violations } = await page.evaluate<Found>("axe.run()");
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" | ")}`);
}
