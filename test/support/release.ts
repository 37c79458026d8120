import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { WORKER } from "./sidecar.ts";

/** Runs the worker of the program that is tested, from where it is. */
const OUR_WORKER = `await import(${JSON.stringify(pathToFileURL(WORKER).href)});\n`;

/** What the worker of a release does, as the text of its entry file. */
const RELEASES = {
  /** The one that we have, under another name in Via. */
  green: `process.env.SLUICE_PSEUDONYM += "-green";\n${OUR_WORKER}`,
  /** Ends before it says anything. */
  crashes: "process.exit(7);\n",
  /** Starts and never says anything. It ends with its primary, even when a test fails. */
  hangs: 'process.on("disconnect", () => process.exit());\n',
  /** Answers its check and ends a second later. */
  dies: `${OUR_WORKER}setTimeout(() => process.exit(8), 1_000);\n`,
} as const;

/** Creates the folders of these releases in a folder of releases. */
export async function makeReleases(folder: string): Promise<void> {
  for (const [name, worker] of Object.entries(RELEASES)) {
    const proxy = join(folder, name, "proxy");
    await mkdir(proxy, { recursive: true });
    await writeFile(join(folder, name, "package.json"), JSON.stringify({ type: "module" }));
    await writeFile(join(proxy, "worker.ts"), worker);
  }
}
