import { connect, createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { stat, writeFile } from "node:fs/promises";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { fork } from "node:child_process";
import { text } from "node:stream/consumers";
import { describe, expect, onTestFinished, test } from "vitest";
import { ListenError } from "../../../control/base/errors.ts";
import { ListeningSockets } from "../../../control/workers/listening-sockets.ts";
import type { BoundSocket } from "../../../control/workers/listening-sockets.ts";
import { KeptConnection } from "../../support/kept-connection.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const hasIpv6 = Object.values(networkInterfaces()).some((addresses) =>
  addresses?.some(({ address }) => address === "::1"),
);

function newSockets(): ListeningSockets {
  const sockets = new ListeningSockets();
  onTestFinished(() => sockets.closeAll());
  return sockets;
}

/** Accepts on a bound socket and greets who comes. */
async function greetOn(socket: BoundSocket, greeting: string): Promise<void> {
  const server = createServer((client) => client.end(greeting));
  onTestFinished(() => void server.close());
  server.listen(socket as never);
  await once(server, "listening");
}

function portOf(address: string): number {
  return Number(address.split(":").at(-1));
}

async function newUnixBind(): Promise<{ path: string; bind: string }> {
  const path = join(await temporaryFolder(), "s");
  return { path, bind: `unix:${path}` };
}

async function errorOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe("ListeningSockets", () => {
  // When this fails, Node has changed what this class stands on: see its docstring.
  test("open() binds by Node's own way, and gives what server.listen() takes", async () => {
    const socket = await newSockets().open("127.0.0.1:0");
    expect(socket).toMatchObject({
      close: expect.any(Function),
      getsockname: expect.any(Function),
    });
    await greetOn(socket, "hello");
  });

  test("open() gives the same socket for the same bind, and address() its port", async () => {
    const sockets = newSockets();
    const socket = await sockets.open("127.0.0.1:0");
    expect(await sockets.open("127.0.0.1:0")).toBe(socket);
    expect(sockets.address("127.0.0.1:0")).toMatch(/^127\.0\.0\.1:[1-9]\d*$/);
    expect(sockets.address("127.0.0.1:1")).toBe("127.0.0.1:1");
  });

  test("open() names an address in use, and one that cannot be", async () => {
    const squatter = createServer().listen(0, "127.0.0.1");
    onTestFinished(() => void squatter.close());
    await once(squatter, "listening");
    const bind = `127.0.0.1:${(squatter.address() as AddressInfo).port}`;
    const inUse = await errorOf(newSockets().open(bind));
    expect(inUse).toBeInstanceOf(ListenError);
    expect(inUse).toMatchObject({
      code: "listen_failed",
      message: `Cannot listen on ${bind}: the address is in use (EADDRINUSE)`,
    });
    const nowhere = `unix:${join(await temporaryFolder(), "none", "s")}`;
    expect(await errorOf(newSockets().open(nowhere))).toMatchObject({
      message: `Cannot listen on ${nowhere}: the system refused it (EACCES)`,
    });
  });

  test("a socket that was refused can be had once it is free", async () => {
    const squatter = createServer().listen(0, "127.0.0.1");
    await once(squatter, "listening");
    const bind = `127.0.0.1:${(squatter.address() as AddressInfo).port}`;
    const sockets = newSockets();
    expect(await errorOf(sockets.open(bind))).toBeInstanceOf(ListenError);
    squatter.close();
    await once(squatter, "close");
    await sockets.open(bind);
    expect(sockets.address(bind)).toBe(bind);
  });

  test("connections wait while nobody accepts, and close() refuses later ones", async () => {
    const sockets = newSockets();
    const socket = await sockets.open("127.0.0.1:0");
    const port = portOf(sockets.address("127.0.0.1:0"));
    // A worker that has listened on it once and is gone.
    const child = fork(join(import.meta.dirname, "listen-once.ts"), { stdio: "ignore" });
    child.send("listen", socket as never);
    await once(child, "message");
    child.kill("SIGKILL");
    await once(child, "exit");
    const waiting = await KeptConnection.open(port);
    expect(waiting.isOpen).toBe(true);
    waiting.close();
    sockets.close("127.0.0.1:0");
    await expect(KeptConnection.open(port)).rejects.toThrow("ECONNREFUSED");
  });

  test.runIf(hasIpv6)("IPv6 addresses are bound, and written in brackets", async () => {
    const sockets = newSockets();
    await sockets.open("[::1]:0");
    expect(sockets.address("[::1]:0")).toMatch(/^\[::1\]:[1-9]\d*$/);
    // An IPv4 address with the same port is another socket.
    await sockets.open(`127.0.0.1:${portOf(sockets.address("[::1]:0"))}`);
  });
});

describe("ListeningSockets, on Unix sockets", () => {
  test("open() binds the path, close() removes it", async () => {
    const { path, bind } = await newUnixBind();
    const sockets = newSockets();
    await sockets.open(bind);
    expect([existsSync(path), sockets.address(bind)]).toEqual([true, bind]);
    sockets.close(bind);
    expect(existsSync(path)).toBe(false);
  });

  test("open() takes over what a killed process has left", async () => {
    const { path, bind } = await newUnixBind();
    const child = fork(join(import.meta.dirname, "listen-once.ts"), { stdio: "ignore" });
    child.send({ path });
    await once(child, "message");
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(existsSync(path)).toBe(true);
    await newSockets().open(bind);
  });

  test("open() leaves a socket that answers, and a file that is none", async () => {
    const { path, bind } = await newUnixBind();
    const squatter = createServer().listen(path);
    onTestFinished(() => void squatter.close());
    await once(squatter, "listening");
    expect(await errorOf(newSockets().open(bind))).toMatchObject({
      message: `Cannot listen on ${bind}: the address is in use (EADDRINUSE)`,
    });
    await writeFile(`${path}.txt`, "precious");
    expect(await errorOf(newSockets().open(`${bind}.txt`))).toBeInstanceOf(ListenError);
    expect(existsSync(`${path}.txt`)).toBe(true);
  });

  test("openFile() lets some open the file, and leaves it when its socket closes", async () => {
    const { path } = await newUnixBind();
    const sockets = newSockets();
    const socket = await sockets.openFile({ path, mode: 0o640, group: undefined }, "api");
    expect([(await stat(path)).mode & 0o777, existsSync(`${path}~`)]).toEqual([0o640, false]);
    await greetOn(socket, "hello");
    expect(await text(connect({ path }))).toBe("hello");
    const inherited = new ListeningSockets(sockets.all);
    await inherited.openFile({ path, mode: 0o600, group: undefined }, "api");
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    sockets.close("api");
    expect(existsSync(path)).toBe(true);
    await newSockets().openFile({ path, mode: 0o600, group: undefined }, "api");
  });

  test("openFile() takes no file's place but that of a socket left behind", async () => {
    const { path } = await newUnixBind();
    const squatter = createServer().listen(path);
    onTestFinished(() => void squatter.close());
    await once(squatter, "listening");
    await writeFile(`${path}.txt`, "precious");
    for (const place of [path, `${path}.txt`]) {
      const opened = newSockets().openFile({ path: place, mode: 0o600, group: undefined }, "api");
      expect(await errorOf(opened)).toMatchObject({
        message: expect.stringContaining("the address is in use (EADDRINUSE)"),
      });
    }
    const group = "no-such-group";
    const opened = newSockets().openFile({ path: `${path}2`, mode: 0o600, group }, "api");
    expect(await errorOf(opened)).toMatchObject({ message: expect.stringContaining(group) });
    expect([existsSync(`${path}2`), existsSync(`${path}2~`)]).toEqual([false, false]);
  });
});
