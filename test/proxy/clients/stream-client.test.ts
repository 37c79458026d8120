import { once } from "node:events";
import { constants } from "node:http2";
import { describe, expect, test } from "vitest";
import { eventually } from "../../support/eventually.ts";
import { answer } from "../../support/origin.ts";
import { ask, closed, http2Bed } from "./http2-fixture.ts";
import { rejected } from "./tls-door-fixture.ts";

/*
 * Goal: what docs/http.md says of messages holds for a stream. Method: as http2-client.test.ts.
 */

const BULK = Buffer.alloc(3 * 1024 * 1024, "0123456789abcdef");

describe("a request", () => {
  test("goes up as HTTP/1.1 with all that a request gets, its cookies in one line", async () => {
    const { bed, session } = await http2Bed();
    await ask(session, {
      ":path": "/a?b=c",
      cookie: ["d=e", "f=g"],
      priority: "u=1, i",
      te: "trailers",
      "x-forwarded-for": "192.0.2.9",
    });
    const [request] = bed.origin.requests;
    expect(request?.line).toBe("GET /a?b=c HTTP/1.1");
    const names = request?.fields.map(([name]) => name) ?? [];
    expect(names.filter((name) => name === "cookie")).toHaveLength(1);
    const field = (name: string): string | undefined => request?.field(name);
    expect([field("host"), field("cookie"), field("priority")]).toEqual([
      "web",
      "d=e; f=g",
      "u=1, i",
    ]);
    expect([field("via"), field("x-forwarded-for"), field("x-forwarded-host")]).toEqual([
      "2.0 sluice-test",
      "127.0.0.1",
      "web",
    ]);
    expect([field("connection"), field("te")]).toEqual(["TE", "trailers"]);
    expect(field("cdn-loop")).toBe("sluice-test");
  });

  test("has a body in chunks, with the trailers that may pass, or by its length", async () => {
    const { bed, session } = await http2Bed();
    const post = { ":method": "POST" };
    await ask(session, { ...post, te: "trailers" }, "hello", { "x-sum": "1", host: "b" });
    await ask(session, { ...post, "content-length": "5" }, "hello");
    await ask(session, post);
    await ask(session, post, "hello", { "x-sum": "1" });
    const bodies = bed.origin.requests.map(({ text }) => text.slice(text.indexOf("\r\n\r\n") + 4));
    const chunked = "5\r\nhello\r\n0\r\n";
    expect(bodies).toEqual([`${chunked}x-sum: 1\r\n\r\n`, "hello", "", `${chunked}\r\n`]);
    expect(bed.origin.requests.map((each) => each.field("content-length"))).toEqual([
      undefined,
      "5",
      "0",
      undefined,
    ]);
  });

  test("of any size arrives whole, while others go on, and the sender waits", async () => {
    const { bed, session } = await http2Bed();
    bed.origin.onHead = ({ socket }, { line }) => {
      if (!line.startsWith("PUT")) return;
      socket.pause();
      setTimeout(() => socket.resume(), 50);
    };
    const bulk = ask(session, { ":method": "PUT" }, BULK);
    expect((await ask(session, { ":path": "/small" })).status).toBe(200);
    expect((await bulk).status).toBe(200);
    const put = bed.origin.requests.find(({ line }) => line.startsWith("PUT"));
    expect(put?.text.replaceAll(/\r\n[0-9a-f]+\r\n/g, "").includes("0123456789abcdef")).toBe(true);
    expect(put?.text.match(/0123456789abcdef/g)?.length).toBeGreaterThan(0);
  });

  test.each([
    [{ ":authority": "nobody" }, 404, undefined],
    [{ ":method": "TRACE" }, 405, "method-refused"],
    [{ ":method": "CONNECT" }, 405, "method-refused"],
    [{ ":method": "CONNECT", ":protocol": "connect-udp", ":path": "/" }, 405, "method-refused"],
    [{ ":method": "get" }, 501, "method-unknown"],
    [{ ":path": "/%0" }, 400, "target-invalid"],
    [{ expect: "200" }, 417, "expectation-unknown"],
    [{ content_length: "1" }, 400, "field-name-ambiguous"],
    [{ "x-long": "a".repeat(40_000) }, 431, "head-too-large"],
  ])("%j is answered with %i, which counts as %s", async (fields, status, reason) => {
    const { bed, session } = await http2Bed();
    const got = await ask(session, fields);
    expect([got.status, got.fields["connection"]]).toEqual([status, undefined]);
    expect(got.fields["proxy-status"]).toMatch(/^sluice; error=/);
    if (reason !== undefined) expect(rejected(bed)[reason]).toBe(1);
    expect([(await ask(session)).status, bed.exchanges.onLoan]).toEqual([200, 0]);
  });

  test("that is too large gets its 413, and no more of it is wanted", async () => {
    const { bed, session } = await http2Bed({ maxBody: "1KiB" });
    bed.origin.onRequest = () => undefined;
    const got = await ask(session, { ":method": "PUT" }, BULK);
    expect([got.status, got.code]).toEqual([413, constants.NGHTTP2_NO_ERROR]);
    expect(rejected(bed)["body-too-large"]).toBe(1);
    expect((await ask(session, { ":authority": "nobody" })).status).toBe(404);
  });

  test("asks OPTIONS * of us, and says when it went in a circle", async () => {
    const { bed, session } = await http2Bed();
    const options = await ask(session, { ":method": "OPTIONS", ":path": "*" });
    expect([options.status, options.fields["allow"]?.includes("GET")]).toEqual([204, true]);
    expect((await ask(session, { "cdn-loop": "sluice-test" })).status).toBe(508);
    expect(bed.origin.requests).toHaveLength(0);
  });

  test("whose client takes it back is taken back at the endpoint at once", async () => {
    const { bed, session } = await http2Bed();
    bed.origin.onRequest = () => undefined;
    const stream = session.request({ ":authority": "web" });
    await eventually(() => expect(bed.origin.requests).toHaveLength(1));
    stream.close(constants.NGHTTP2_CANCEL);
    await eventually(() => expect(bed.origin.lastConnection.fate).not.toBe("open"));
    expect([bed.exchanges.onLoan, bed.deps.connections.size]).toEqual([0, 1]);
  });
});

describe("an answer", () => {
  test("comes back without what is about a connection, interim ones before it", async () => {
    const { bed, session } = await http2Bed();
    bed.origin.onRequest = answer(
      "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" +
        "HTTP/1.1 200 OK\r\nConnection: X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\n" +
        "Set-Cookie: a=b\r\nSet-Cookie: c=d\r\nTransfer-Encoding: chunked\r\n\r\n" +
        "2\r\nhi\r\n0\r\nX-Sum: 1\r\nHost: b\r\n\r\n",
    );
    const got = await ask(session);
    expect([got.status, got.body, got.interims]).toEqual([200, "hi", [103]]);
    expect(got.fields["set-cookie"]).toEqual(["a=b", "c=d"]);
    expect(Object.keys(got.fields)).not.toContain("x-hop");
    expect(Object.keys(got.fields)).not.toContain("transfer-encoding");
    expect([got.fields["via"], got.trailers["x-sum"], got.trailers["host"]]).toEqual([
      "1.1 sluice-test",
      "1",
      undefined,
    ]);
    expect(got.fields["date"]).toBeDefined();
  });

  test.each([
    ["HTTP/1.1 204 No Content\r\n\r\n", 204],
    ["HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200],
  ])("%j has no body", async (text, status) => {
    const { bed, session } = await http2Bed();
    bed.origin.onRequest = answer(text);
    const got = await ask(session);
    expect([got.status, got.body, got.code]).toEqual([status, "", 0]);
  });

  test("to HEAD says what GET would bring", async () => {
    const { bed, session } = await http2Bed();
    bed.origin.onRequest = answer("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n");
    const got = await ask(session, { ":method": "HEAD" });
    expect([got.fields["content-length"], got.body]).toEqual(["9", ""]);
  });

  test("that ends with its connection is whole; one that breaks off is reset", async () => {
    const { bed, session } = await http2Bed();
    bed.origin.onRequest = (connection) => {
      connection.send("HTTP/1.0 200 OK\r\n\r\nall").socket.end();
    };
    expect(await ask(session)).toMatchObject({ body: "all", code: 0 });
    bed.origin.onRequest = (connection) => {
      connection.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf").socket.end();
    };
    expect(await ask(session)).toMatchObject({
      body: "half",
      code: constants.NGHTTP2_INTERNAL_ERROR,
    });
    expect([bed.exchanges.onLoan, bed.deps.connections.size]).toEqual([0, 1]);
  });

  test("of any size arrives whole, as fast as the client reads it", async () => {
    const { bed, session } = await http2Bed();
    bed.origin.onRequest = (connection) => {
      connection.send(`HTTP/1.1 200 OK\r\nContent-Length: ${BULK.length}\r\n\r\n`).send(BULK);
    };
    const got = await Promise.all([ask(session), ask(session)]);
    expect(got.map(({ body }) => body === BULK.toString("latin1"))).toEqual([true, true]);
    expect(bed.exchanges.onLoan).toBe(0);
  });

  test("that nobody reads is given up after the stall timeout, alone", async () => {
    const { bed, session } = await http2Bed({ stallTimeout: "5s" });
    bed.origin.onRequest = (connection) => {
      connection.send(`HTTP/1.1 200 OK\r\nContent-Length: ${BULK.length}\r\n\r\n`).send(BULK);
    };
    const stream = session.request({ ":authority": "web" });
    const isOver = closed(stream);
    await once(stream, "response");
    await eventually(() => {
      bed.time.advance(6_000);
      bed.deps.connections.look();
      expect(bed.exchanges.onLoan).toBe(0);
    });
    stream.resume();
    await isOver;
    expect(stream.rstCode).toBe(constants.NGHTTP2_CANCEL);
    expect(rejected(bed)).toEqual({ "h2-answers-unread": 1 });
    bed.origin.onRequest = answer("HTTP/1.1 204 No Content\r\n\r\n");
    expect((await ask(session)).status).toBe(204);
  });
});
