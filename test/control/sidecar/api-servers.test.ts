import fastify from "fastify";
import type { FastifyInstance } from "fastify";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import {
  closeAll,
  listenAll,
  pageAddress,
  removeApiFile,
} from "../../../control/sidecar/api-servers.ts";
import type { ApiServers } from "../../../control/sidecar/api-servers.ts";
import { readConfig } from "../../../control/config/load.ts";
import type { Config } from "../../../control/config/config-schema.ts";
import { ListeningSockets } from "../../../control/workers/listening-sockets.ts";
import type { Log } from "../../../proxy/base/log.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

type Bed = {
  readonly servers: ApiServers;
  readonly logged: Map<string, unknown>;
  readonly listen: () => Promise<string>;
};

function appOf(name: string): FastifyInstance {
  const app = fastify();
  app.get("/", async () => name);
  return app;
}

function bed(config: Config): Bed {
  const logged = new Map<string, unknown>();
  const note: Log["info"] = (event, fields) => void logged.set(event, fields?.["address"]);
  const log = { info: note, warn: note, error: note };
  const sockets = new ListeningSockets();
  const servers = { api: appOf("api"), metrics: appOf("metrics") };
  onTestFinished(async () => {
    await closeAll(servers, AbortSignal.abort());
    sockets.closeAll();
  });
  return { servers, logged, listen: () => listenAll(servers, { sockets, log }, config) };
}

function configOf(text: string): Config {
  const whole = `listeners: [{ bind: "127.0.0.1:0" }]\n${text}`;
  return readConfig(whole, { file: "f", environment: {} });
}

const textAt = async (url: unknown): Promise<string> => (await fetch(String(url))).text();

test("listenAll() has the API and the metrics listen, each at an address of its own", async () => {
  const control = 'control: { bind: "127.0.0.1:0" }';
  const { listen, logged } = bed(configOf(`${control}\nmetrics: { bind: "127.0.0.1:0" }`));
  const address = await listen();
  expect([...logged.keys()]).toEqual(["api.open", "api.no-auth", "metrics.open"]);
  expect([await textAt(address), await textAt(logged.get("metrics.open"))]).toEqual([
    "api",
    "metrics",
  ]);
});

test.each([
  ["control: { bind: '127.0.0.1:9180' }", "http://127.0.0.1:9180/ui/"],
  ["control: { bind: '[::1]:9180' }", "http://[::1]:9180/ui/"],
  ["control: { bind: '127.0.0.1:0' }", undefined],
  ["control: { bind: 'unix:/run/sluice.sock' }", undefined],
])("pageAddress() of %s is %s", (text, page) => {
  expect(pageAddress(configOf(text).control)).toBe(page);
});

test("listenAll() needs no metrics, and says of a Unix socket nothing about auth", async () => {
  const path = join(await temporaryFolder(), "api.sock");
  const config = configOf(`control: { bind: "unix:${path}" }`);
  const { listen, logged, servers } = bed(config);
  expect(await listen()).toBe(`unix:${path}`);
  expect([...logged.keys()]).toEqual(["api.open"]);
  await closeAll(servers, AbortSignal.abort());
  expect(existsSync(path)).toBe(true);
  await removeApiFile(config);
  await removeApiFile(configOf(""));
  expect(existsSync(path)).toBe(false);
});
