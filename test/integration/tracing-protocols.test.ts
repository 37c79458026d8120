import { once } from "node:events";
import { connect } from "node:http2";
import type { ClientHttp2Session } from "node:http2";
import { createServer } from "node:https";
import { writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import { createAuthority } from "../support/authority.ts";
import { eventually } from "../support/eventually.ts";
import { Http2Origin } from "../support/http2-origin.ts";
import { KeptConnection } from "../support/kept-connection.ts";
import { startSidecar } from "../support/sidecar.ts";
import type { TestSidecar } from "../support/sidecar.ts";
import { SpanCollector } from "../support/span-collector.ts";
import type { ReadSpan } from "../support/span-collector.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { VersionOrigin } from "../support/version-origin.ts";

/*
 * Goal: whatever is spoken on either side, a collector is told the same of a request: one trace, a
 * span for each side with its end, its status and what the conventions want. Method: a real sidecar
 * between Node's own clients and origins, and a collector that keeps what it is told.
 */

/** On a busy machine. */
const WAIT_MS = 40_000;

async function tracedSidecar(
  web: object,
  listener: object = {},
): Promise<{ readonly sidecar: TestSidecar; readonly collector: SpanCollector }> {
  const collector = await SpanCollector.start();
  onTestFinished(() => collector[Symbol.dispose]());
  const sidecar = await startSidecar({
    listeners: [{ bind: "127.0.0.1:0", service: "web", ...listener }],
    tracing: { endpoint: collector.endpoint, ratio: 1 },
    services: { web },
  });
  onTestFinished(() => sidecar.stop());
  return { sidecar, collector };
}

/** The span of the client's side and that of the endpoint's, which are one trace. */
async function pairOf(
  collector: SpanCollector,
): Promise<readonly [server: ReadSpan, client: ReadSpan]> {
  await eventually(() => expect(collector.spans).toHaveLength(2), WAIT_MS);
  const [server, client] = collector.spans;
  if (server === undefined || client === undefined) throw new Error("Spans went away");
  expect(client).toMatchObject({ traceId: server.traceId, parentSpanId: server.spanId });
  expect([server.kind, client.kind]).toEqual([2, 3]);
  for (const { startTimeUnixNano, endTimeUnixNano } of [server, client]) {
    expect(BigInt(endTimeUnixNano)).toBeGreaterThan(BigInt(startTimeUnixNano));
  }
  return [server, client];
}

async function http2Origin(): Promise<Http2Origin> {
  const origin = await Http2Origin.start();
  onTestFinished(() => origin[Symbol.dispose]());
  return origin;
}

function sessionTo({ ports: [port] }: TestSidecar): ClientHttp2Session {
  const session = connect(`http://127.0.0.1:${port}`);
  onTestFinished(() => session.destroy());
  return session;
}

function versionsAt(address: string): object {
  return { v1: { endpoints: [address] } };
}

describe("Spans", () => {
  test("of a WebSocket end with its handshake, while the tunnel goes on", async () => {
    using origin = await VersionOrigin.start("v1");
    const { sidecar, collector } = await tracedSidecar({ versions: versionsAt(origin.address) });
    const socket = new WebSocket(`ws://127.0.0.1:${sidecar.ports[0]}/chat`);
    onTestFinished(() => socket.terminate());
    await once(socket, "open");
    const [server, client] = await pairOf(collector);
    expect(server.attributes).toMatchObject({
      "http.request.method": "GET",
      "url.path": "/chat",
      "http.response.status_code": "101",
      "sluice.version": "v1",
    });
    expect(client.attributes).toMatchObject({
      "http.response.status_code": "101",
      "network.protocol.version": "1.1",
    });
    expect([server.status, client.status]).toEqual([undefined, undefined]);
    socket.send("still here");
    const [echo] = (await once(socket, "message")) as [Buffer];
    expect(String(echo)).toBe("still here");
    expect(collector.spans).toHaveLength(2);
  });

  test("of HTTP/2 towards endpoints name that version on their side", async () => {
    const origin = await http2Origin();
    origin.onRequest = ({ stream }) => {
      stream.respond({ ":status": 200, "content-length": "2" });
      stream.end("v1");
    };
    const { sidecar, collector } = await tracedSidecar({
      upstream: { protocol: "h2" },
      versions: versionsAt(origin.address),
    });
    const connection = await KeptConnection.open(sidecar.ports[0] ?? 0);
    onTestFinished(() => connection.close());
    expect((await connection.get("web", "/a")).body).toBe("v1");
    const [server, client] = await pairOf(collector);
    expect(server.attributes).toMatchObject({ "network.protocol.version": "1.1" });
    expect(client.attributes).toMatchObject({
      "network.protocol.version": "2",
      "http.response.status_code": "200",
    });
    const { fields } = origin.requests[0] ?? { fields: {} };
    expect(fields).toMatchObject({ traceparent: `00-${server.traceId}-${client.spanId}-01` });
  });

  test.each([
    ["0", "OK", undefined, undefined],
    ["5", "NOT_FOUND", undefined, { code: 2 }],
    ["14", "UNAVAILABLE", { code: 2 }, { code: 2 }],
  ])(
    "of a call of gRPC that ends with %s say %s, though HTTP says 200",
    async (number, name, ofServer, ofClient) => {
      const origin = await http2Origin();
      origin.onRequest = ({ stream }) => {
        stream.respond(
          { ":status": 200, "content-type": "application/grpc" },
          { waitForTrailers: true },
        );
        stream.once("wantTrailers", () => stream.sendTrailers({ "grpc-status": number }));
        stream.end("\0\0\0\0\0");
      };
      const { sidecar, collector } = await tracedSidecar({
        upstream: { protocol: "h2" },
        retries: { attempts: 0 },
        versions: versionsAt(origin.address),
      });
      const head = { ":method": "POST", ":path": "/shop.Cart/Get", te: "trailers" };
      const call = sessionTo(sidecar).request({ ...head, "content-type": "application/grpc" });
      call.end("\0\0\0\0\0");
      call.resume();
      await once(call, "end");
      const [server, client] = await pairOf(collector);
      expect([server.status, client.status]).toEqual([ofServer, ofClient]);
      for (const { attributes, status } of [server, client]) {
        expect(attributes).toMatchObject({
          "url.path": "/shop.Cart/Get",
          "http.response.status_code": "200",
          "rpc.system.name": "grpc",
          "rpc.method": "shop.Cart/Get",
          "rpc.response.status_code": name,
        });
        expect(attributes["error.type"]).toBe(status === undefined ? undefined : name);
      }
    },
  );

  test("of TLS on both sides say so, and tell of the peer that was asked", async () => {
    const [authority, folder] = [createAuthority("own"), await temporaryFolder()];
    const { certPem: cert, keyPem: key } = authority.issue({ names: ["DNS:localhost"] });
    const files = { ca: join(folder, "ca"), cert: join(folder, "cert"), key: join(folder, "key") };
    await writeFile(files.ca, authority.pem);
    await writeFile(files.cert, cert);
    await writeFile(files.key, key, { mode: 0o600 });
    const origin = createServer({ cert, key }, (_request, response) => response.end("v1"));
    origin.listen(0, "127.0.0.1");
    await once(origin, "listening");
    onTestFinished(() => {
      origin.close();
      origin.closeAllConnections();
    });
    const { port } = origin.address() as AddressInfo;
    const { sidecar, collector } = await tracedSidecar(
      {
        upstream: { tls: { ca: files.ca, serverName: "localhost" } },
        versions: versionsAt(`127.0.0.1:${port}`),
      },
      { tls: { certificates: [{ cert: files.cert, key: files.key }] } },
    );
    const client = await KeptConnection.open(sidecar.ports[0] ?? 0, "127.0.0.1", {});
    onTestFinished(() => client.close());
    expect((await client.get("web")).body).toBe("v1");
    const [server, asked] = await pairOf(collector);
    expect(server.attributes).toMatchObject({ "url.scheme": "https" });
    expect(asked.attributes).toMatchObject({
      "url.scheme": "https",
      "network.peer.address": "127.0.0.1",
      "network.peer.port": String(port),
    });
  });
});
