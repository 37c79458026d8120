import { connect } from "node:http2";
import type { ClientHttp2Session, IncomingHttpHeaders } from "node:http2";
import { describe, expect, onTestFinished, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { Http2Origin } from "../support/http2-origin.ts";
import type { Http2Request, Http2Script } from "../support/http2-origin.ts";
import { startSidecar } from "../support/sidecar.ts";
import type { TestSidecar } from "../support/sidecar.ts";

/*
 * Goal: calls of gRPC keep all that makes them calls, from client to endpoint and back. Method: a
 * real sidecar between node:http2 on both sides; test/foreign has those of others.
 */

const GRPC = "application/grpc";
/** By latency, whoever fails at first would hardly be asked again. */
const SICK = { ejection: { consecutive: 2 }, balance: "leastRequest" };

async function startOrigin(script: Http2Script): Promise<Http2Origin> {
  const origin = await Http2Origin.start({ enableConnectProtocol: true });
  onTestFinished(() => origin[Symbol.dispose]());
  origin.onRequest = script;
  return origin;
}

async function sidecarFor(versions: object, service: object = {}): Promise<TestSidecar> {
  const web = { hosts: ["127.0.0.1"], upstream: { protocol: "h2" }, versions, ...service };
  const sidecar = await startSidecar({ services: { web } });
  onTestFinished(() => sidecar.stop());
  return sidecar;
}

function sessionTo({ ports: [port] }: TestSidecar): ClientHttp2Session {
  const session = connect(`http://127.0.0.1:${port}`);
  onTestFinished(() => session.destroy());
  return session;
}

type Answer = {
  readonly head: IncomingHttpHeaders;
  readonly body: string;
  readonly trailers: IncomingHttpHeaders;
};

/** A call with this message. */
async function call(
  session: ClientHttp2Session,
  message = "",
  fields: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const head = {
    ":method": "POST",
    ":path": "/shop.Cart/Get",
    te: "trailers",
    "content-type": GRPC,
  };
  const stream = session.request({ ...head, ...fields });
  const told = { head: {}, body: "", trailers: {} };
  stream.once("response", (response) => (told.head = response));
  stream.once("trailers", (trailers) => (told.trailers = trailers));
  stream.on("data", (piece: Buffer) => (told.body += piece.toString("latin1")));
  stream.end(message);
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  stream.once("error", reject).once("end", () => resolve(told));
  return promise;
}

/** Answers every call with this, and a status of 0. */
function answering(body: string): Http2Script {
  return ({ stream }) => {
    stream.respond({ ":status": 200, "content-type": GRPC }, { waitForTrailers: true });
    stream.once("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
    stream.end(body);
  };
}

describe("A call of gRPC through a sidecar", () => {
  test("keeps its message, trailers and time, and is split exactly on one connection", async () => {
    const [one, two] = [await startOrigin(answering("v1")), await startOrigin(answering("v2"))];
    const sidecar = await sidecarFor({
      v1: { weight: 90, endpoints: [one.address] },
      v2: { weight: 10, endpoints: [two.address] },
    });
    const session = sessionTo(sidecar);
    const { head, trailers } = await call(session, "question", { "grpc-timeout": "10S" });
    expect([head[":status"], trailers["grpc-status"]]).toEqual([200, "0"]);
    const [request] = [...one.requests, ...two.requests];
    expect(request?.body).toBe("question");
    expect(request?.fields).toMatchObject({ te: "trailers", "content-type": GRPC });
    expect(request?.fields["grpc-timeout"]).toMatch(/^(?:9\d{3}|10000)m$/);
    const answers: string[] = [];
    for (let asked = 0; asked < 100; asked += 1) answers.push((await call(session)).body);
    const first = answers.filter((body) => body === "v1").length;
    expect(Math.abs(first - 90)).toBeLessThanOrEqual(2);
    const metrics = await (await sidecar.call("GET", "/metrics")).text();
    expect(metrics).toContain('sluice_http2_streams_total{side="client"} 101\n');
    expect(metrics).toContain('sluice_http2_streams_total{side="endpoint"} 101\n');
    const calls = metrics.matchAll(/^sluice_grpc_calls_total\{.*status="OK"\} (\d+)$/gm);
    expect([...calls].reduce((sum, [, count]) => sum + Number(count), 0)).toBe(101);
  });

  test("is cancelled at once, and alone", async () => {
    const origin = await startOrigin(({ stream }) => {
      stream.respond({ ":status": 200, "content-type": GRPC });
      stream.write("first");
    });
    const session = sessionTo(await sidecarFor({ v1: { endpoints: [origin.address] } }));
    const stream = session.request({ ":method": "POST", ":path": "/a/B", "content-type": GRPC });
    stream.on("error", () => undefined).write("question");
    await new Promise((resolve) => stream.once("data", resolve));
    stream.close(8);
    await eventually(() => expect(origin.requests[0]?.end).toBe("reset 8"));
    origin.onRequest = answering("fine");
    expect((await call(session)).body).toBe("fine");
    expect(origin.sessions.length).toBe(1);
  });

  test("ends when its time is up, whatever the endpoint does", async () => {
    const origin = await startOrigin(() => undefined);
    const sidecar = await sidecarFor({ v1: { endpoints: [origin.address] } });
    const { head } = await call(sessionTo(sidecar), "", { "grpc-timeout": "300m" });
    expect([head[":status"], head["grpc-status"]]).toEqual([200, "4"]);
    await eventually(() => expect(origin.requests[0]?.end).toBe("reset 8"));
    const metrics = await (await sidecar.call("GET", "/metrics")).text();
    expect(metrics).toMatch(/^sluice_grpc_calls_total\{.*status="DEADLINE_EXCEEDED"\} 1$/m);
  });

  test("has run out of time too where the endpoint says so first", async () => {
    const early = ({ stream }: Http2Request): void => {
      setTimeout(() => stream.close(8), 1_950);
    };
    const origin = await startOrigin(early);
    const session = sessionTo(await sidecarFor({ v1: { endpoints: [origin.address] } }));
    const { head } = await call(session, "", { "grpc-timeout": "2S" });
    expect([head[":status"], head["grpc-status"]]).toEqual([200, "4"]);
    expect(origin.requests.length).toBe(1);
  });

  test("that fails by its trailers ejects the endpoint", async () => {
    const bad = await startOrigin(({ stream }) => {
      stream.respond(
        { ":status": 200, "grpc-status": "14", "content-type": GRPC },
        { endStream: true },
      );
    });
    const well = await startOrigin(answering("well"));
    const versions = { v1: { endpoints: [bad.address, well.address] } };
    const session = sessionTo(await sidecarFor(versions, SICK));
    await eventually(async () => {
      await call(session);
      expect(bad.requests.length).toBe(2);
    });
    for (let asked = 0; asked < 20; asked += 1) expect((await call(session)).body).toBe("well");
    expect(bad.requests.length).toBe(2);
  });
});

test("Trailers of a request pass from HTTP/2 to HTTP/2, whoever asks for some", async () => {
  const origin = await startOrigin(({ stream }) => {
    stream.once("end", () => {
      stream.respond({ ":status": 200 });
      stream.end("ok");
    });
  });
  const session = sessionTo(await sidecarFor({ v1: { endpoints: [origin.address] } }));
  const asked = session.request({ ":method": "POST", ":path": "/" }, { waitForTrailers: true });
  asked.once("wantTrailers", () => asked.sendTrailers({ "x-sum": "7", host: "b" }));
  asked.end("body");
  await new Promise((resolve) => asked.resume().once("end", resolve));
  const [request] = origin.requests;
  const { te, ...trailers } = { te: request?.fields["te"], ...request?.trailers };
  expect([request?.body, te, Object.entries(trailers)]).toEqual([
    "body",
    undefined,
    [["x-sum", "7"]],
  ]);
});

test("A WebSocket of a client of HTTP/2 reaches an endpoint of HTTP/2", async () => {
  const origin = await startOrigin(({ stream }) => {
    stream.respond({ ":status": 200 });
    stream.once("data", (piece: Buffer) => stream.end(piece));
  });
  const session = sessionTo(await sidecarFor({ v1: { endpoints: [origin.address] } }));
  await new Promise((resolve) => session.once("remoteSettings", resolve));
  const stream = session.request({
    ":method": "CONNECT",
    ":protocol": "websocket",
    ":path": "/chat",
    "sec-websocket-version": "13",
  });
  const status = await new Promise((resolve) =>
    stream.once("response", (head) => resolve(head[":status"])),
  );
  expect(status).toBe(200);
  let received = "";
  stream.on("data", (piece: Buffer) => (received += piece.toString("latin1")));
  stream.write("frames");
  await eventually(() => expect(received).toBe("frames"));
  expect(origin.requests[0]?.fields).toMatchObject({ ":protocol": "websocket", ":path": "/chat" });
});
