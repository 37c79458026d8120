import { connect } from "node:http2";
import { readFile, rename } from "node:fs/promises";
import { once } from "node:events";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import { eventually } from "../support/eventually.ts";
import { KeptConnection } from "../support/kept-connection.ts";
import { RawSocket } from "../support/raw-socket.ts";
import { refusedRun } from "../support/run-sluice.ts";
import { startSidecar } from "../support/sidecar.ts";
import type { TestSidecar } from "../support/sidecar.ts";
import { TcpOrigin } from "../support/tcp-origin.ts";
import { VersionOrigin } from "../support/version-origin.ts";

/*
 * Goal: everything that ends leaves its line, whatever its protocol, and no line is lost by what
 * operators do: rotate, reload, swap, drain. Method: real sidecars that write to a file.
 */

/** On a busy machine. */
const WAIT_MS = 40_000;

type Line = Readonly<Record<string, unknown>>;

async function origin(name: string): Promise<VersionOrigin> {
  const started = await VersionOrigin.start(name);
  onTestFinished(() => started[Symbol.dispose]());
  return started;
}

async function sidecarWith(config: object): Promise<TestSidecar> {
  const sidecar = await startSidecar(config);
  onTestFinished(() => sidecar.stop());
  return sidecar;
}

/** A service of one version at this endpoint. */
const at = (address: string, more: object = {}): object => ({
  versions: { v1: { endpoints: [address] } },
  ...more,
});

async function textOf({ folder }: TestSidecar, file = "access.log"): Promise<string> {
  return readFile(join(folder, file), "utf8").catch(() => "");
}

async function linesOf(sidecar: TestSidecar, file?: string): Promise<readonly Line[]> {
  const lines = (await textOf(sidecar, file)).split("\n").filter((line) => line !== "");
  return lines.map((line) => JSON.parse(line) as Line);
}

/** Lines, once there are as many. */
async function written(sidecar: TestSidecar, count: number, file?: string) {
  return eventually(async () => {
    const lines = await linesOf(sidecar, file);
    expect(lines).toHaveLength(count);
    return lines;
  }, WAIT_MS);
}

async function get({ ports: [port = 0] }: TestSidecar, path: string): Promise<void> {
  const client = await KeptConnection.open(port);
  await client.get("web", path);
  client.close();
}

async function webSocketTo({ ports: [port] }: TestSidecar): Promise<void> {
  const webSocket = new WebSocket(`ws://127.0.0.1:${port}/ws`, { headers: { host: "web" } });
  await once(webSocket, "open");
  webSocket.send("hello");
  await once(webSocket, "message");
  webSocket.close();
  await once(webSocket, "close");
}

async function http2To({ ports: [port] }: TestSidecar): Promise<void> {
  const session = connect(`http://127.0.0.1:${port}`);
  const stream = session.request({ ":path": "/h2?token=secret", ":authority": "web" });
  stream.resume();
  await once(stream, "end");
  session.close();
}

describe("The access log", () => {
  test("has a line for each exchange, tunnel, connection and refusal", async () => {
    const [v1, echo] = [await origin("v1"), await TcpOrigin.start("v1")];
    const sidecar = await sidecarWith({
      listeners: [{ bind: "127.0.0.1:0" }, { bind: "127.0.0.2:0", tcp: "echo" }],
      accessLog: { path: "access.log" },
      services: { web: at(v1.address), echo: at(echo.address, { kind: "tcp" }) },
    });
    await get(sidecar, "/h1?token=secret");
    await http2To(sidecar);
    await webSocketTo(sidecar);
    const tcp = await RawSocket.open({ host: "127.0.0.2", port: sidecar.ports[1] ?? 0 });
    await tcp.until("\n");
    tcp.close();
    const bad = await RawSocket.open({ port: sidecar.ports[0] ?? 0 });
    bad.send("GET / HTTP/1.1\r\n\r\n");
    await bad.response();
    const lines = await written(sidecar, 6);
    const web = { client: "127.0.0.1", host: "web", service: "web", version: "v1", attempts: 1 };
    expect(lines).toContainEqual(
      expect.objectContaining({ ...web, protocol: "HTTP/1.1", path: "/h1", responseBytes: 2 }),
    );
    expect(lines).toContainEqual(
      expect.objectContaining({ ...web, protocol: "HTTP/2", path: "/h2", status: 200 }),
    );
    expect(lines).toContainEqual(
      expect.objectContaining({ ...web, path: "/ws", status: 101, endpoint: v1.address }),
    );
    expect(lines).toContainEqual(
      expect.objectContaining({ protocol: "WebSocket", service: "web", endpoint: v1.address }),
    );
    expect(lines).toContainEqual(
      expect.objectContaining({ protocol: "TCP", service: "echo", endpoint: echo.address }),
    );
    expect(lines).toContainEqual(
      expect.objectContaining({ status: 400, error: "host-missing", flags: "local" }),
    );
    expect(await textOf(sidecar)).not.toContain("secret");
    const metrics = await (await sidecar.call("GET", "/metrics")).text();
    expect(metrics).toContain('sluice_access_log_lines_total{outcome="written"} 6');
  });

  test("goes on in a new file after SIGHUP, even when the configuration is broken", async () => {
    const config = { accessLog: { path: "access.log" }, services: { web: at("127.0.0.1:1") } };
    const sidecar = await sidecarWith(config);
    await get(sidecar, "/1");
    await written(sidecar, 1);
    const rotate = async (count: number, event: string): Promise<void> => {
      const { folder, log } = sidecar;
      await rename(join(folder, "access.log"), join(folder, `access.log.${count}`));
      sidecar.child.kill("SIGHUP");
      await eventually(() => expect(log.map((line) => line.event)).toContain(event), WAIT_MS);
      await get(sidecar, `/after-${count}`);
      expect(await written(sidecar, 1)).toMatchObject([{ path: `/after-${count}` }]);
    };
    await rotate(1, "reload.done");
    await sidecar.writeConfig({ ...config, workers: -1 });
    await rotate(2, "reload.refused");
    expect(await linesOf(sidecar, "access.log.2")).toMatchObject([{ path: "/after-1" }]);
  });

  test("follows a reload: another format, another file, none", async () => {
    const services = { web: at("127.0.0.1:1") };
    const sidecar = await sidecarWith({ services });
    await get(sidecar, "/unseen");
    const template = "{method} {path} {status} {error} {flags}";
    await sidecar.writeConfig({ services, accessLog: { path: "other.log", template } });
    await sidecar.call("POST", "/v1/reload");
    await get(sidecar, "/seen");
    await eventually(async () => {
      const line = "GET /seen 502 connect-refused local,retried\n";
      expect(await textOf(sidecar, "other.log")).toBe(line);
    }, WAIT_MS);
    await sidecar.writeConfig({ services });
    await sidecar.call("POST", "/v1/reload");
    await get(sidecar, "/unseen");
    const metrics = await (await sidecar.call("GET", "/metrics")).text();
    expect(metrics).toContain('sluice_access_log_lines_total{outcome="written"} 1');
  });

  test("loses no line in a swap, nor in a drain", async () => {
    const v1 = await origin("v1");
    const accessLog = { path: "access.log", fields: ["path"] };
    const sidecar = await sidecarWith({ accessLog, services: { web: at(v1.address) } });
    await get(sidecar, "/1");
    expect((await sidecar.call("POST", "/v1/workers/swap", { trial: "0" })).status).toBe(200);
    await get(sidecar, "/2");
    sidecar.child.kill("SIGTERM");
    expect(await sidecar.ended).toBe(0);
    // Between them are the requests of the trial.
    const paths = (await linesOf(sidecar)).map(({ path }) => path);
    expect(paths.filter((path) => path !== "*")).toEqual(["/1", "/2"]);
  });

  test("is refused at once where its file cannot be, with the reason", async () => {
    const { status, error } = await refusedRun({ accessLog: { path: "none/access.log" } });
    expect(status).not.toBe(0);
    expect(error).toMatch(/accessLog\.path: wanted a file .*ENOENT/);
  });
});
