import { describe, expect, test } from "vitest";
import type { UpstreamUser } from "../../../proxy/upstream/upstream-connection.ts";
import type { StreamTunnel } from "../../../proxy/upstream/stream-tunnel.ts";
import { eventually } from "../../support/eventually.ts";
import type { Http2Request } from "../../support/http2-origin.ts";
import { RecordingUser } from "./pool-fixture.ts";
import { http2Origin, openStream, outgoing, streamPool } from "./stream-fixture.ts";

const HANDSHAKE =
  "GET /chat HTTP/1.1\r\nHost: web\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

type Bed = {
  readonly request: Http2Request;
  readonly user: RecordingUser;
  readonly tunnel: StreamTunnel;
  /** What the tunnel has been told. */
  readonly told: string[];
};

/** A tunnel through a stream to an endpoint that knows WebSocket. */
async function open(): Promise<Bed> {
  const origin = await http2Origin({ enableConnectProtocol: true });
  origin.onRequest = ({ stream }) => stream.respond({ ":status": 200, "x-chat": "1" });
  const pool = streamPool(origin);
  const user = new RecordingUser(pool);
  const slot = await openStream(user);
  const heads: unknown[] = [];
  user.onUpstreamHead = (head) => {
    heads.push(head.status, ...head.list.fields.slice(0, head.list.count).map(({ line }) => line));
  };
  slot.send(slot.encode(outgoing(HANDSHAKE)), "");
  slot.finish("");
  await eventually(() => expect(heads.length).toBeGreaterThan(0));
  expect(heads).toEqual(
    expect.arrayContaining([
      101,
      "x-chat: 1\r\n",
      "upgrade: websocket\r\n",
      // RFC 6455 section 1.3.
      "sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n",
    ]),
  );
  const told: string[] = [];
  const tunnel = slot.tunnelEnd as StreamTunnel;
  tunnel.becomeTunnel(listener(told));
  const [request] = await origin.received(1);
  return { request: request as Http2Request, user, tunnel, told };
}

function listener(told: string[]): UpstreamUser {
  return {
    onUpstreamReady: () => told.push("ready"),
    onUpstreamFailed: () => told.push("failed"),
    onUpstreamData: (bytes, end) => told.push(bytes.toString("latin1", 0, end)),
    onUpstreamEnd: () => told.push("END"),
    onUpstreamFlushed: () => told.push("flushed"),
    onUpstreamClosed: (error) => told.push(error === undefined ? "CLOSED" : "BROKEN"),
  };
}

describe("A StreamTunnel", () => {
  test("is an extended CONNECT, whose success is a 101 (RFC 8441)", async () => {
    const { request, tunnel } = await open();
    expect(request.fields).toMatchObject({
      ":method": "CONNECT",
      ":protocol": "websocket",
      ":path": "/chat",
      "sec-websocket-version": "13",
    });
    expect(request.end).toBe(undefined);
    expect([tunnel.whole, tunnel.detachable, tunnel.staysHere]).toEqual([true, false, true]);
  });

  test("passes bytes and ends both ways", async () => {
    const { request, tunnel, told } = await open();
    tunnel.write("ping");
    tunnel.relay(
      { keep: (b) => b, releaseBuffer: () => undefined },
      "",
      Buffer.from("-pong-"),
      1,
      5,
    );
    await eventually(() => expect(request.body).toBe("pingpong"));
    request.stream.write("hello");
    await eventually(() => expect(told).toEqual(["hello"]));
    request.stream.end();
    await eventually(() => expect(told).toEqual(["hello", "END"]));
    expect(tunnel.ended).toBe(true);
    tunnel.end();
    await eventually(() => expect(told).toEqual(["hello", "END", "CLOSED"]));
    await eventually(() => expect(request.end).toBe("end"));
  });

  test("is reset by whoever destroys it", async () => {
    const { request, tunnel, told } = await open();
    tunnel.destroy();
    expect(told).toEqual([]);
    await eventually(() => expect(told).toEqual(["CLOSED"]));
    await eventually(() => expect(request.end).toBe("reset 8"));
    const { request: other, told: heard } = await open();
    other.stream.close(2);
    await eventually(() => expect(heard.at(-1)).toBe("BROKEN"));
  });
});
