import { expect, test } from "vitest";
import type { LogFields } from "../../../proxy/base/log.ts";
import { readConfig } from "../../../control/config/load.ts";
import { openListener } from "../../../control/sidecar/open-listener.ts";

const text = JSON.stringify({ listeners: [{ bind: "127.0.0.1:0" }], services: {} });
const [listener] = readConfig(text, { file: "test", environment: {} }).listeners;
if (listener === undefined) throw new Error("The configuration has no listener");

test("openListener() tells the address that the bind came to", async () => {
  const logged: unknown[] = [];
  const note = (event: string, fields?: LogFields): void => void logged.push(event, fields);
  const log = { info: note, warn: note, error: note };
  await openListener({ workers: { listen: async () => "127.0.0.1:4711" }, log }, listener);
  const fields = { bind: "127.0.0.1:0", address: "127.0.0.1:4711", service: undefined };
  expect(logged).toEqual(["listener.open", fields]);
});

test("openListener() tells nothing of a listener that cannot be", async () => {
  const logged: unknown[] = [];
  const note = (event: string): void => void logged.push(event);
  const log = { info: note, warn: note, error: note };
  const workers = { listen: () => Promise.reject(new Error("in use")) };
  await expect(openListener({ workers, log }, listener)).rejects.toThrow("in use");
  expect(logged).toEqual([]);
});
