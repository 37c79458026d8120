import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { expect, onTestFinished, test } from "vitest";
import { demoShopFile } from "../../../../control/base/program-files.ts";

/** One version of the shop as a process, and where it listens. */
async function startShop(
  ...args: readonly string[]
): Promise<{ child: ChildProcess; url: string }> {
  const child = fork(demoShopFile(), args, { stdio: ["ignore", "ignore", "inherit", "ipc"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  const [{ port }] = (await once(child, "message")) as [{ readonly port: number }];
  return { child, url: `http://127.0.0.1:${port}/` };
}

test("a shop answers with its version, in a page that nothing may keep", async () => {
  const { url } = await startShop("v2");
  const response = await fetch(`${url}any/path`, { method: "POST", body: "an order" });
  expect([response.status, response.headers.get("x-shop-version")]).toEqual([200, "v2"]);
  expect(response.headers.get("cache-control")).toBe("no-store");
  expect(await response.text()).toMatch(/^<!doctype html>[^]*<h1>v2<\/h1>/);
});

test("a shop ends with its parent", async () => {
  const { child } = await startShop();
  const ended = once(child, "exit");
  child.disconnect();
  expect(await ended).toEqual([0, null]);
});

test("a bad shop fails some of its requests, and says whose they were", async () => {
  const { url } = await startShop("v2", "bad");
  const statuses = new Set<number>();
  // One of five: 200 in a row without a failure are out of the question.
  for (let asked = 0; asked < 200 && statuses.size < 2; asked += 1) {
    const { status, headers } = await fetch(url);
    expect(headers.get("x-shop-version")).toBe("v2");
    statuses.add(status);
  }
  expect(statuses).toEqual(new Set([200, 500]));
});
