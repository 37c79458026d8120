import { once } from "node:events";
import { constants } from "node:http2";
import type { ClientHttp2Session, ClientHttp2Stream } from "node:http2";
import { describe, expect, test } from "vitest";
import { eventually } from "../../support/eventually.ts";
import { answer } from "../../support/origin.ts";
import type { ClientsBed } from "./clients-fixture.ts";
import { ask, closed, http2Bed } from "./http2-fixture.ts";

/*
 * Goal: a WebSocket over HTTP/2 (RFC 8441) is a WebSocket of HTTP/1.1 to its endpoint. Method:
 * bytes, which nobody looks into but the endpoint and the client.
 */

const SWITCH =
  "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
  "Sec-WebSocket-Accept: x\r\nSec-WebSocket-Protocol: chat\r\n\r\n";
const CONNECT = {
  ":method": "CONNECT",
  ":protocol": "websocket",
  ":scheme": "http",
  ":path": "/ws",
  ":authority": "web",
  "sec-websocket-version": "13",
  "sec-websocket-protocol": "chat",
};
const BULK = Buffer.alloc(2 * 1024 * 1024, "x");

type Opened = {
  readonly bed: ClientsBed;
  readonly session: ClientHttp2Session;
  readonly stream: ClientHttp2Stream;
  /** What came on the stream. */
  readonly text: () => string;
};

async function opened(settings: object = {}): Promise<Opened> {
  const { bed, session } = await http2Bed(settings);
  if (session.connecting) await once(session, "remoteSettings");
  bed.origin.onRequest = answer(SWITCH);
  const stream = session.request(CONNECT);
  stream.on("error", () => undefined);
  let text = "";
  stream.on("data", (piece: Buffer) => (text += piece.toString("latin1")));
  const [fields] = (await once(stream, "response")) as [Record<string, unknown>];
  expect(fields).toMatchObject({ ":status": 200, "sec-websocket-protocol": "chat" });
  expect(Object.keys(fields)).not.toContain("sec-websocket-accept");
  return { bed, session, stream, text: () => text };
}

describe("StreamTunnelEnd", () => {
  test("is a handshake of HTTP/1.1 to the endpoint, and then bytes both ways", async () => {
    const { bed, stream, text } = await opened();
    const [request] = bed.origin.requests;
    expect(request?.line).toBe("GET /ws HTTP/1.1");
    expect(request?.field("connection")).toBe("Upgrade");
    expect(request?.field("upgrade")).toBe("websocket");
    expect(request?.field("sec-websocket-key")).toMatch(/^[A-Za-z0-9+/]{22}==$/);
    expect(request?.field("transfer-encoding")).toBeUndefined();
    stream.write("\u0081\u0000up", "latin1");
    await eventually(() => expect(bed.origin.lastConnection.received).toContain("up"));
    bed.origin.lastConnection.send("\u0081\u0004down");
    await eventually(() => expect(text()).toBe("\u0081\u0004down"));
    expect([bed.deps.connections.streamTunnels, bed.exchanges.onLoan]).toEqual([1, 0]);
    expect([...bed.deps.connections].flatMap(({ streams }) => [...(streams ?? [])])).toHaveLength(
      1,
    );
  });

  test("passes ends on, each for itself, and is over with the second", async () => {
    const { bed, stream } = await opened();
    const isOver = closed(stream);
    stream.end();
    await eventually(() => expect(bed.origin.lastConnection.fate).toBe("fin"));
    bed.origin.lastConnection.socket.end();
    await isOver;
    expect(stream.rstCode).toBe(constants.NGHTTP2_NO_ERROR);
    await eventually(() => expect(bed.deps.connections.streamTunnels).toBe(0));
  });

  test("that is reset is cut at the endpoint, and its connection goes on", async () => {
    const { bed, session, stream } = await opened();
    stream.close(constants.NGHTTP2_CANCEL);
    await eventually(() => expect(bed.origin.lastConnection.fate).not.toBe("open"));
    await eventually(() => expect(bed.deps.connections.streamTunnels).toBe(0));
    bed.origin.onRequest = answer("HTTP/1.1 204 No Content\r\n\r\n");
    expect((await ask(session)).status).toBe(204);
  });

  test("whose endpoint breaks off is reset", async () => {
    const { bed, stream } = await opened();
    const isOver = closed(stream);
    bed.origin.lastConnection.socket.resetAndDestroy();
    await isOver;
    expect(stream.rstCode).toBe(constants.NGHTTP2_CANCEL);
    await eventually(() => expect(bed.deps.connections.streamTunnels).toBe(0));
  });

  test("carries bulk both ways, whole, while both sides wait for each other", async () => {
    const { bed, stream, text } = await opened();
    stream.write(BULK);
    bed.origin.lastConnection.send(BULK);
    await eventually(() => {
      expect(bed.origin.lastConnection.received.length).toBeGreaterThanOrEqual(BULK.length);
      expect(text().length).toBe(BULK.length);
    });
  });

  test("is none where the endpoint declines: the client gets its answer", async () => {
    const { bed, session } = await http2Bed();
    await once(session, "remoteSettings");
    bed.origin.onRequest = answer("HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno");
    const got = await ask(session, CONNECT);
    expect([got.status, got.body, bed.deps.connections.streamTunnels]).toEqual([403, "no", 0]);
    await eventually(() => expect(bed.exchanges.onLoan).toBe(0));
  });

  test.each([
    [{ "sec-websocket-version": "8" }, 426],
    [{ ":protocol": "connect-udp" }, 405],
  ])("is refused with %j by a %i", async (fields, status) => {
    const { bed, session } = await http2Bed();
    await once(session, "remoteSettings");
    const got = await ask(session, { ...CONNECT, ...fields });
    expect([got.status, got.fields["upgrade"]]).toEqual([status, undefined]);
    expect(bed.origin.requests).toHaveLength(0);
  });
});
