import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Browser } from "playwright-core";
import type { Answer } from "../support/version-origin.ts";
import { startBrowser } from "./support/browser.ts";
import { startPageStage } from "./support/page-stage.ts";
import type { PageStage } from "./support/page-stage.ts";

/*
 * `npm run screenshots`: the pictures of docs/ui.md, of a real sidecar with a few minutes of load,
 * a shift and a rollout behind it.
 */

const DOCS = fileURLToPath(new URL("../../docs/", import.meta.url));

/** Between two things that happen, so that charts show them apart. */
const APART_MS = 45_000;

/** Below what a picture ends with. */
const MARGIN_PX = 20;

type Picture = {
  readonly name: string;
  readonly hash: string;
  readonly width: number;
  /** Of the page, what the picture ends below. */
  readonly last: string;
  readonly colorScheme: "light" | "dark";
};

const PICTURES: readonly Picture[] = [
  { name: "ui-services", hash: "#/", width: 1200, last: "main table", colorScheme: "light" },
  { name: "ui-service", hash: "#/service/shop", width: 1200, last: "main", colorScheme: "light" },
  { name: "ui-rollout", hash: "#/service/cart", width: 1200, last: "main", colorScheme: "dark" },
  {
    name: "ui-phone",
    hash: "#/service/shop",
    width: 360,
    last: "[aria-labelledby=shift-title]",
    colorScheme: "dark",
  },
  { name: "ui-audit", hash: "#/audit", width: 1200, last: "main", colorScheme: "light" },
];

/** Answers after about so long, now and then with an error. */
function answering(name: string, ms: number, errors: number): Answer {
  return (response) => {
    setTimeout(
      () => {
        if (Math.random() < errors) response.writeHead(500);
        response.end(name);
      },
      ms * (0.5 + Math.random()),
    );
  };
}

/** Some minutes in the life of a shop. */
async function live({ sidecar, origins }: PageStage): Promise<void> {
  origins.v1.answer = answering("v1", 8, 0.001);
  origins.v2.answer = answering("v2", 11, 0.004);
  await sleep(APART_MS);
  const shift = { "x-sluice-reason": "errors are flat" };
  await sidecar.call("PATCH", "/v1/services/shop/weights", { v2: "25%" }, shift);
  await sleep(APART_MS);
  const begin = { service: "cart", to: "v8", preset: "fast" };
  await sidecar.call("POST", "/v1/rollouts", begin, { "x-sluice-reason": "release 8" });
  const again = { "x-sluice-reason": "still flat" };
  await sidecar.call("PATCH", "/v1/services/shop/weights", { v2: "35%" }, again);
  await sleep(APART_MS);
}

async function take(browser: Browser, stage: PageStage, picture: Picture): Promise<void> {
  const { name, hash, width, last, colorScheme } = picture;
  const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
  await page.goto(stage.url + hash);
  await page.locator("main h1").waitFor();
  if (name === "ui-service") await page.getByRole("button", { name: "50 %" }).click();
  await sleep(8_000);
  const box = await page.locator(last).boundingBox();
  await page.setViewportSize({
    width,
    height: Math.ceil((box?.y ?? 0) + (box?.height ?? 0)) + MARGIN_PX,
  });
  await page.screenshot({ path: `${DOCS}${name}.png` });
  await page.close();
}

await using stage = await startPageStage();
await using browser = await startBrowser();
await live(stage);
for (const picture of PICTURES) await take(browser, stage, picture);
