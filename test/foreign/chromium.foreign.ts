import { once } from "node:events";
import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { WebSocketServer } from "ws";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { startEnvoy } from "./support/configured-servers.ts";
import { grpcWebListener, http2Endpoint, oneEndpoint } from "./support/envoy-resources.ts";
import { runProgram } from "./support/foreign-process.ts";
import { GRPC_LIBRARIES, startGrpcOrigin } from "./support/grpc-programs.ts";
import { makeBedFiles, startHttp2Bed } from "./support/http2-bed.ts";
import { isMissing, ownProgram, program } from "./support/programs.ts";

/*
 * Goal: a browser over HTTP/2 gets pages, uploads, gRPC-Web and WebSockets, which it opens by
 * extended CONNECT (RFC 8441), from endpoints that speak HTTP/1.1.
 * Method: Chromium loads programs/browser.html and is done when that has all its results. Behind
 * the sidecar is Envoy, which makes gRPC of gRPC-Web, with grpc-go and a server of pages.
 */

/** Without its sandbox, as the tests may run as root; it asks nobody outside. */
const OPTIONS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-background-networking",
  "--ignore-certificate-errors",
  "--dump-dom",
];

/** A server of pages by HTTP/1.1. */
async function startPages(): Promise<Server> {
  const page = await readFile(ownProgram("browser.html"));
  const waiting: ServerResponse[] = [];
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const { url = "/" } = request;
    if (url === "/") return response.setHeader("content-type", "text/html").end(page);
    if (url === "/echo") return request.pipe(response);
    if (url === "/until-reported") return waiting.push(response);
    if (url.startsWith("/number/")) return response.end(`${url.slice("/number/".length)}\n`);
    if (url === "/report") for (const each of waiting.splice(0)) each.writeHead(404).end();
    return response.writeHead(url === "/report" ? 204 : 404).end();
  });
  const sockets = new WebSocketServer({ server });
  sockets.on("connection", (socket) => {
    socket.on("message", (data, binary) => socket.send(data, { binary }));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return server;
}

const [grpcGo] = GRPC_LIBRARIES;
const NEEDS = ["chromium-headless-shell", "envoy", ...(grpcGo?.needs ?? [])];

describe.skipIf(isMissing(...NEEDS))("Chromium over HTTP/2", () => {
  test("gets a page, uploads, gRPC-Web and WebSockets", async () => {
    if (grpcGo === undefined) return;
    const pages = ((await startPages()).address() as AddressInfo).port;
    await using grpc = await startGrpcOrigin(grpcGo);
    await using envoy = await startEnvoy(({ port }) => ({
      listeners: [grpcWebListener(port, { grpc: "grpc", others: "pages" })],
      clusters: [http2Endpoint("grpc", grpc.port), oneEndpoint("pages", pages)],
    }));
    await using files = await makeBedFiles();
    await using bed = await startHttp2Bed({ web: { versions: { v1: envoy.address } } }, files);
    const folder = await temporaryFolder();
    const log = join(folder, "net-log.json");
    const more = [`--user-data-dir=${folder}/profile`, `--log-net-log=${log}`];
    const args = [...OPTIONS, ...more, `${bed.url("web", "https")}/`];
    const { out, error } = await runProgram(program("chromium-headless-shell"), args);
    const results = /<pre>(.*?)<\/pre>/s.exec(out)?.[1];
    expect(results, error).toBeDefined();
    expect(JSON.parse(results ?? "")).toEqual({
      protocol: "h2",
      echo: "200 1048576 true",
      unary: "200 1006 0",
      streaming: "200 5,206,3006 0",
      failing: "200  2",
      parallel: true,
      webSocket: true,
    });
    expect(await readFile(log, "utf8")).toMatch(/":method: CONNECT"[^\]]*":protocol: websocket"/);
  });
});
