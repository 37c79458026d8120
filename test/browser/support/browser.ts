import { chromium } from "playwright-core";
import type { Browser } from "playwright-core";
import { findProgram } from "../../foreign/support/programs.ts";

/** Debian's names of the program, the one without a window first. */
const NAMES = ["chromium-headless-shell", "chromium"];

/** Path of a Chromium on this machine. undefined: it has none. */
export function findBrowser(): string | undefined {
  return NAMES.map(findProgram).find((path) => path !== undefined);
}

/** Starts it. @throws Error when this machine has none. */
export function startBrowser(): Promise<Browser> {
  const executablePath = findBrowser();
  if (executablePath === undefined) {
    throw new Error(`Cannot find a browser: wanted one of Debian's ${NAMES.join(", ")}`);
  }
  // Without its sandbox, as tests may run as root; it sees nothing but our own page.
  return chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
}
