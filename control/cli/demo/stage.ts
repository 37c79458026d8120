import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { errorText } from "../../../proxy/base/error-text.ts";
import type { Children } from "./children.ts";
import { freePorts } from "./children.ts";
import type { Screen } from "./screen.ts";

/** Where a demo builds itself up. */
export type StagePlace = {
  readonly children: Children;
  /** For files; removed in the end. */
  readonly directory: string;
  readonly screen: Pick<Screen, "say">;
};

/** Everything that runs, seen from its load. */
export type Stage = {
  /** Where the shop can be asked, through one sidecar each. */
  readonly entrances: readonly { readonly sidecar: string | undefined; readonly url: string }[];
  /** Of the sidecar that shifts go through. */
  readonly controlUrl: string;
  /** Added to a shift's path, so that it is in force at every entrance when it answers. */
  readonly shiftQuery: string;
  /** Removes what would be left after all processes have ended. Never rejects. */
  readonly tidy: () => Promise<void>;
};

/** Addresses of a sidecar that has been started. */
export type StartedSidecar = { readonly shopUrl: string; readonly controlUrl: string };

/** So many pairs of ports are tried: somebody may take one between the look and the start. */
const PORT_TRIES = 3;

/**
 * Starts a sidecar for `shop`; `name` is its file's. `ports`: finds two that are free.
 * @throws CliError demo_start
 */
export async function startShopSidecar(
  place: StagePlace,
  name: string,
  config: object,
  ports: typeof freePorts = freePorts,
): Promise<StartedSidecar> {
  for (let left = PORT_TRIES; ; left -= 1) {
    try {
      return await startOn(await ports(), place, name, config);
    } catch (error) {
      if (left === 1 || !errorText(error).includes("EADDRINUSE")) throw error;
    }
  }
}

async function startOn(
  [shopPort, controlPort]: readonly [number, number],
  { children, directory }: StagePlace,
  name: string,
  config: object,
): Promise<StartedSidecar> {
  const whole = {
    listeners: [{ bind: `127.0.0.1:${shopPort}`, service: "shop" }],
    control: { bind: `127.0.0.1:${controlPort}` },
    // Nobody sends it traffic any more when it is told to end.
    drain: { acceptFor: "0s", hard: "1s" },
    ...config,
  };
  const configPath = join(directory, `${name}.yaml`);
  await writeFile(configPath, JSON.stringify(whole, undefined, 2));
  const controlUrl = `http://127.0.0.1:${controlPort}`;
  await children.startSidecar(configPath, controlUrl);
  return { shopUrl: `http://127.0.0.1:${shopPort}`, controlUrl };
}

/**
 * Two versions and one sidecar, which knows them from its file. `isBad`: v2 fails one of five
 * requests. @throws CliError demo_start
 */
export async function startAlone(place: StagePlace, isBad = false): Promise<Stage> {
  const { children, screen } = place;
  const own = isBad ? (["bad"] as const) : [];
  const [v1, v2] = await Promise.all([children.startShop("v1"), children.startShop("v2", ...own)]);
  const versions = {
    v1: { weight: 100, endpoints: [`127.0.0.1:${v1}`] },
    v2: { weight: 0, endpoints: [`127.0.0.1:${v2}`] },
  };
  const config = { store: { kind: "memory" }, services: { shop: { versions } } };
  const { shopUrl, controlUrl } = await startShopSidecar(place, "sluice", config);
  screen.say(`shop         ${shopUrl}/  (open it in a browser)`);
  screen.say(`its page     ${controlUrl}/ui/  (watch it there, and shift)`);
  screen.say(`control API  ${controlUrl}/v1/services`);
  screen.say(`v1, v2       http://127.0.0.1:${v1}/  http://127.0.0.1:${v2}/`);
  screen.say("");
  const entrances = [{ sidecar: undefined, url: shopUrl }];
  return { entrances, controlUrl, shiftQuery: "", tidy: async () => undefined };
}
