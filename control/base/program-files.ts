import { access } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { SwapError } from "./errors.ts";

/** Where a release keeps a module: a built package, or a checkout. */
const PLACES = ["dist/NAME.js", "NAME.js", "NAME.ts"];

/** A release is one folder in the folder of releases, never a path out of it. */
const RELEASE_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

/** Our own module of that name, in a checkout (.ts) and in a built package (.js) alike. */
function ownFile(name: string): string {
  const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
  return fileURLToPath(new URL(`../../${name}.${extension}`, import.meta.url));
}

/** The worker. */
export function ownWorkerFile(): string {
  return ownFile("proxy/worker");
}

/** The program. */
export function ownProgramFile(): string {
  return ownFile("control/cli/main");
}

/** The folder of the page: in a checkout it is there once somebody has built it. */
export function ownPageFolder(): string {
  const isCheckout = import.meta.url.endsWith(".ts");
  const path = isCheckout ? "../../dist/control/page/" : "../page/";
  return fileURLToPath(new URL(path, import.meta.url));
}

/** The demo's service. */
export function demoShopFile(): string {
  return ownFile("control/cli/demo/shop");
}

/** What ends a program of the demo together with the demo. */
export function demoKeeperFile(): string {
  return ownFile("control/cli/demo/keeper");
}

/** The worker of a release. See `releaseFile`. */
export function releaseWorkerFile(releases: string | undefined, release: string): Promise<string> {
  return releaseFile(releases, release, "proxy/worker");
}

/** The program itself: of a release, or (undefined) the one that runs. @throws SwapError. */
export function programFile(
  releases: string | undefined,
  release: string | undefined,
): Promise<string> {
  if (release !== undefined) return releaseFile(releases, release, "control/cli/main");
  return Promise.resolve(ownProgramFile());
}

/**
 * A module of a release. `releases`: the folder that the configuration names; undefined: none, and
 * then there are no releases. @throws SwapError.
 */
async function releaseFile(
  releases: string | undefined,
  release: string,
  name: string,
): Promise<string> {
  if (releases === undefined) {
    throw new SwapError("wanted `releases: FOLDER` in the configuration, found none");
  }
  if (!RELEASE_NAME.test(release)) {
    const found = JSON.stringify(release);
    throw new SwapError(`wanted the name of a folder in ${releases}, found ${found}`);
  }
  for (const place of PLACES) {
    const file = join(releases, release, place.replace("NAME", name));
    if (await exists(file)) return file;
  }
  throw new SwapError(`wanted ${name}.ts or ${name}.js in release ${release}, found neither`);
}

function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
