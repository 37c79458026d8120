import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { CliError } from "../../../../control/cli/cli-error.ts";
import type { Children } from "../../../../control/cli/demo/children.ts";
import { startAlone, startShopSidecar } from "../../../../control/cli/demo/stage.ts";
import type { StagePlace } from "../../../../control/cli/demo/stage.ts";
import { readConfig } from "../../../../control/config/load.ts";
import type { Config } from "../../../../control/config/config-schema.ts";
import { temporaryFolder } from "../../../support/temporary-folder.ts";

/** A place where nothing runs, and what was to be started there. */
async function emptyPlace() {
  const started: string[] = [];
  const said: string[] = [];
  const directory = await temporaryFolder();
  const children = {
    startShop: async (...args: readonly string[]) => {
      const [version] = args;
      started.push(args.join(" "));
      return version === "v1" ? 7_001 : 7_002;
    },
    startSidecar: async (path: string, url: string) => void started.push(`${path} ${url}`),
  };
  const place: StagePlace = {
    children: children as unknown as Children,
    directory,
    screen: { say: (line) => said.push(line) },
  };
  const config = async (name: string): Promise<Config> => {
    const file = join(directory, `${name}.yaml`);
    return readConfig(await readFile(file, "utf8"), { file, environment: {} });
  };
  return { place, started, said, config };
}

/** Its services are in its store. */
const STORED = { workers: 2, store: { kind: "file", path: "table.json" } };

test("startShopSidecar() starts a sidecar from a file that can be read", async () => {
  const { place, started, config } = await emptyPlace();
  const { shopUrl, controlUrl } = await startShopSidecar(place, "a", STORED);
  const { listeners, control, workers } = await config("a");
  expect(listeners.map(({ bind, service }) => `${bind} ${service}`)).toEqual([
    `${shopUrl.slice("http://".length)} shop`,
  ]);
  expect([`http://${control.bind}`, workers]).toEqual([controlUrl, 2]);
  expect(started).toEqual([`${join(place.directory, "a.yaml")} ${controlUrl}`]);
  expect(shopUrl).not.toBe(controlUrl);
});

test("startShopSidecar() takes other ports when somebody has taken one in between", async () => {
  const { place } = await emptyPlace();
  const tried: string[] = [];
  const startSidecar = async (_path: string, url: string): Promise<void> => {
    tried.push(url);
    if (tried.length < 3) throw new CliError("demo_start", "Cannot listen: (EADDRINUSE)");
  };
  const children = { startSidecar } as unknown as Children;
  const pairs: (readonly [number, number])[] = [1, 3, 5].map((port) => [port, port + 1]);
  const ports = async (): Promise<readonly [number, number]> => pairs.shift() ?? [0, 0];
  const { shopUrl } = await startShopSidecar({ ...place, children }, "a", STORED, ports);
  expect(tried).toEqual(["http://127.0.0.1:2", "http://127.0.0.1:4", "http://127.0.0.1:6"]);
  expect(shopUrl).toBe("http://127.0.0.1:5");
});

test.each(["EADDRINUSE", "out of memory"])(
  "startShopSidecar() gives up at last, or at once when it is not the port: %s",
  async (why) => {
    const { place } = await emptyPlace();
    let tries = 0;
    const startSidecar = async (): Promise<void> => {
      tries += 1;
      throw new CliError("demo_start", `Cannot start the sidecar: ${why}`);
    };
    const children = { startSidecar } as unknown as Children;
    const starting = startShopSidecar({ ...place, children }, "a", STORED);
    await expect(starting).rejects.toThrow(why);
    expect(tries).toBe(why === "EADDRINUSE" ? 3 : 1);
  },
);

test("startAlone() begins with everything at v1, and says where to look", async () => {
  const { place, started, said, config } = await emptyPlace();
  const stage = await startAlone(place);
  expect(started.slice(0, 2)).toEqual(["v1", "v2"]);
  expect((await config("sluice")).documents).toEqual({
    shop: {
      versions: {
        v1: { weight: 100, endpoints: ["127.0.0.1:7001"] },
        v2: { weight: 0, endpoints: ["127.0.0.1:7002"] },
      },
    },
  });
  const [{ url, sidecar } = { url: "", sidecar: "" }] = stage.entrances;
  expect([stage.entrances.length, sidecar, stage.shiftQuery]).toEqual([1, undefined, ""]);
  const text = said.join("\n");
  for (const each of [`${url}/`, `${stage.controlUrl}/v1/services`, "http://127.0.0.1:7002/"]) {
    expect(text).toContain(each);
  }
  await stage.tidy();
});

test("startAlone() starts a bad v2 where it is told to", async () => {
  const { place, started } = await emptyPlace();
  await startAlone(place, true);
  expect(started.slice(0, 2)).toEqual(["v1", "v2 bad"]);
});
