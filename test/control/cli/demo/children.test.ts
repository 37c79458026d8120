import { createServer } from "node:net";
import { once } from "node:events";
import { expect, onTestFinished, test } from "vitest";
import { Children, freePorts } from "../../../../control/cli/demo/children.ts";
import { systemClock } from "../../../../proxy/base/clock.ts";
import { eventually } from "../../../support/eventually.ts";

/** Children that end with the test. */
function children(): Children {
  const all = new Children(systemClock);
  onTestFinished(() => all.stop());
  return all;
}

/** A program of Node's that runs `script`. */
function program(script: string): { name: string; file: string; args: readonly string[] } {
  return { name: "the helper", file: process.execPath, args: ["-e", script] };
}

test("startShop() gives a port where a version answers with its name, until stop()", async () => {
  const all = children();
  const url = `http://127.0.0.1:${await all.startShop("v2")}/`;
  expect((await fetch(url)).headers.get("x-shop-version")).toBe("v2");
  expect(all.lost).toBeUndefined();
  await all.stop();
  await expect(fetch(url)).rejects.toThrow("fetch failed");
});

test("startProgram() waits until the program is ready", async () => {
  let asked = 0;
  await children().startProgram(program("setInterval(() => {}, 1000)"), async () => {
    asked += 1;
    return asked === 3;
  });
  expect(asked).toBe(3);
});

test("startProgram() says with a program's last words why it did not come up", async () => {
  const dying = program("console.log('out'); console.error('bad port'); process.exit(3)");
  const all = children();
  await expect(all.startProgram(dying, async () => false)).rejects.toMatchObject({
    code: "demo_start",
    message: expect.stringMatching(/^Cannot start the helper: [^]*bad port/),
  });
  // Another one may come up in its place.
  expect(all.lost).toBeUndefined();
});

test("startProgram() keeps the end of a long log", async () => {
  const talking = program("console.log('x'.repeat(100_000) + 'the end'); process.exit(3)");
  const failure: unknown = await children()
    .startProgram(talking, async () => false)
    .catch((error: unknown) => error);
  const { message } = failure as Error;
  expect(message.length).toBeLessThan(4_200);
  expect(message).toMatch(/xthe end$/);
});

test("Children.lost names a process that has ended by itself", async () => {
  const all = children();
  await all.startProgram(program("setTimeout(() => {}, 50)"), async () => true);
  await eventually(() => expect(all.lost).toMatch(/^Process .* -e setTimeout.* has ended$/));
});

test("freePorts() gives two ports that can be listened on", async () => {
  const ports = await freePorts();
  expect(new Set(ports).size).toBe(2);
  for (const port of ports) {
    const server = createServer().listen(port, "127.0.0.1");
    await once(server, "listening");
    await server[Symbol.asyncDispose]();
  }
});
