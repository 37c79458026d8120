import { once } from "node:events";
import { constants } from "node:http2";
import { describe, expect, onTestFinished, test } from "vitest";
import { openWork } from "../../../proxy/drain/open-work.ts";
import { requestBlock } from "../../../proxy/http2/encode-head.ts";
import { eventually } from "../../support/eventually.ts";
import { answer, OK } from "../../support/origin.ts";
import { RawSocket } from "../../support/raw-socket.ts";
import { BEGINNING, SETTINGS_ACK_FRAME, headers, inWords, settings } from "../http2/raw-frames.ts";
import { ask, closed, http2Bed, openHttp2 } from "./http2-fixture.ts";
import { rejected } from "./tls-door-fixture.ts";

/*
 * Goal: many requests share a connection, none harms another, and none is lost when it ends.
 * Method: Node's own client of HTTP/2 in front of a real listener, an origin of HTTP/1.1 behind.
 */

const MANY = 100;

describe("Http2Client", () => {
  test("serves requests side by side, and gives all exchanges back", async () => {
    const { bed, session } = await http2Bed();
    bed.origin.onRequest = (connection, { line }) => {
      connection.send(`HTTP/1.1 200 OK\r\nContent-Length: ${line.length}\r\n\r\n${line}`);
    };
    const paths = Array.from({ length: MANY }, (_, index) => `/${index}`);
    const got = await Promise.all(paths.map((path) => ask(session, { ":path": path })));
    expect(got.map(({ body }) => body)).toEqual(paths.map((path) => `GET ${path} HTTP/1.1`));
    expect([bed.deps.connections.size, bed.deps.connections.http2]).toEqual([1, 1]);
    expect(bed.exchanges.onLoan).toBe(0);
    expect(bed.deps.http2.streams).toBe(MANY);
  });

  test("shares HTTP/1.1's port, which still answers on connections of its own", async () => {
    const { bed, port, session } = await http2Bed();
    expect((await ask(session)).status).toBe(200);
    const other = openHttp2(port);
    expect((await ask(other)).status).toBe(200);
    expect(bed.deps.connections.size).toBe(2);
  });

  test("leaves in two steps in a drain, and loses no request that came before", async () => {
    const { bed, session } = await http2Bed();
    const goAways: (readonly [number, number])[] = [];
    session.on("goaway", (code: number, last: number) => goAways.push([code, last]));
    const slow = Promise.withResolvers<undefined>();
    bed.origin.onRequest = (connection) => {
      void slow.promise.then(() => connection.send("HTTP/1.1 204 No Content\r\n\r\n"));
    };
    const first = ask(session, { ":path": "/first" });
    await eventually(() => expect(bed.origin.requests).toHaveLength(1));
    bed.deps.connections.draining = true;
    const second = ask(session, { ":path": "/second" });
    await eventually(() => expect(goAways.length).toBeGreaterThan(0));
    expect(goAways[0]).toEqual([0, 2 ** 31 - 1]);
    slow.resolve(undefined);
    expect([(await first).status, (await second).status]).toEqual([204, 204]);
    await eventually(() => {
      bed.time.advance(1_000);
      bed.deps.connections.look();
      expect(bed.deps.connections.isEmpty).toBe(true);
    });
    expect(goAways.at(-1)).toEqual([0, 3]);
  });

  test("closes when it is idle for too long, and is told apart from one in use", async () => {
    const { bed, session } = await http2Bed({ idleTimeout: "5s" });
    await ask(session);
    const [connection] = bed.deps.connections;
    expect(connection?.idleSinceMs).toBeDefined();
    const left = once(session, "goaway");
    bed.time.advance(6_000);
    await left;
    expect(connection?.idleSinceMs).toBeUndefined();
    await eventually(() => {
      bed.time.advance(1_000);
      bed.deps.connections.look();
      expect(bed.deps.connections.isEmpty).toBe(true);
    });
  });

  test("gives up one that never speaks, as any other", async () => {
    const { bed } = await http2Bed({}, { protocols: ["h2"] });
    const { client } = await bed.accept();
    client.close();
    await eventually(() => expect(bed.deps.connections.size).toBe(1));
    bed.time.advance(11_000);
    await eventually(() => expect(bed.deps.connections.size).toBe(1));
  });

  test("cuts all requests of a connection that is lost, and their attempts", async () => {
    const { bed, session } = await http2Bed();
    bed.origin.onRequest = () => undefined;
    const asked = [ask(session), ask(session)];
    await eventually(() => expect(bed.origin.requests).toHaveLength(2));
    session.destroy();
    await Promise.all(asked);
    await eventually(() =>
      expect(bed.origin.connections.map(({ fate }) => fate)).toEqual(["fin", "fin"]),
    );
    expect(bed.exchanges.onLoan).toBe(0);
    expect([bed.deps.connections.size, bed.deps.connections.http2]).toEqual([0, 0]);
  });

  test("counts a peer that breaks a rule, and ends with its connection alone", async () => {
    const { bed, port, session } = await http2Bed();
    await ask(session);
    const bad = openHttp2(port);
    const stream = bad.request({ ":authority": "web", "content-length": 3 }, { endStream: false });
    stream.end("four");
    await closed(stream);
    expect(stream.rstCode).toBe(constants.NGHTTP2_PROTOCOL_ERROR);
    expect(rejected(bed)["h2-content-length"]).toBe(1);
    expect((await ask(session)).status).toBe(200);
    expect(bed.exchanges.onLoan).toBe(0);
  });

  test("ends with who does not read the end of an answer, and counts that", async () => {
    const { bed, port } = await http2Bed({ stallTimeout: "5s" });
    const block = requestBlock("GET", "http", "web", "/");
    const whole = "x".repeat(65_535);
    bed.origin.onRequest = answer(`HTTP/1.1 200 OK\r\nContent-Length: 65535\r\n\r\n${whole}`);
    const socket = await RawSocket.open({ port });
    onTestFinished(() => socket.close());
    const said = (): string => inWords(Buffer.from(socket.text, "latin1")).join("\n");
    // The first answer uses up the connection's window, whatever its stream's is.
    socket.send(Buffer.concat([BEGINNING, settings([4, 2 ** 20]), SETTINGS_ACK_FRAME]));
    socket.send(headers(1, block));
    await eventually(() => expect(said()).toMatch(/^data 1 \d+ end$/m));
    bed.origin.onRequest = answer(OK);
    socket.send(headers(3, block));
    await eventually(() => expect(said()).toMatch(/^headers 3$/m));
    await eventually(() => {
      bed.time.advance(6_000);
      bed.deps.connections.look();
      expect(said()).toMatch(/^goAway 3 ENHANCE_YOUR_CALM$/m);
    });
    expect(rejected(bed)).toEqual({ "h2-answers-unread": 1 });
    await eventually(() => expect(bed.exchanges.onLoan).toBe(0));
  });

  test("refuses a request that no endpoint has seen when it is ended, and no other", async () => {
    const { bed, session } = await http2Bed({ upstream: { protocol: "h2" } });
    // No connection to it stands before it has sent its SETTINGS.
    bed.origin.onRequest = () => undefined;
    const asked = ask(session, { ":method": "POST" }, "body");
    await eventually(() => expect([...openWork(bed.deps.connections)]).toHaveLength(1));
    for (const work of openWork(bed.deps.connections)) work.cut(1012);
    const { status, code } = await asked;
    expect([status, code]).toEqual([undefined, constants.NGHTTP2_REFUSED_STREAM]);
    expect(bed.exchanges.onLoan).toBe(0);
    const other = await http2Bed();
    other.bed.origin.onRequest = () => undefined;
    const seen = ask(other.session);
    await eventually(() => expect(other.bed.origin.requests).toHaveLength(1));
    for (const work of openWork(other.bed.deps.connections)) work.cut(1012);
    expect((await seen).status).toBe(503);
  });

  test("is judged again, stream by stream, when intentions change", async () => {
    const { bed, session } = await http2Bed();
    bed.origin.onRequest = answer("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nha");
    const asked = ask(session);
    await eventually(() => expect(bed.origin.requests).toHaveLength(1));
    bed.deps.connections.judgeAgain();
    bed.origin.lastConnection.send("lf");
    expect((await asked).body).toBe("half");
  });
});
