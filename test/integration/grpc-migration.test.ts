import { connect } from "node:http2";
import type { ClientHttp2Session, ServerHttp2Stream } from "node:http2";
import { expect, onTestFinished, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { Http2Origin } from "../support/http2-origin.ts";
import { SecondsCounter } from "../support/seconds-counter.ts";
import { startSidecar } from "../support/sidecar.ts";
import type { TestSidecar } from "../support/sidecar.ts";

/*
 * Goal: a version without traffic gives up its streams of gRPC at the configured rate, each between
 * two messages and with a status by which its client opens it again, and whatever else shares their
 * connections goes on.
 * Method: node:http2 on both sides, and messages that come in two pieces.
 *
 * What a version still holds at `hard` ends there: by a status too, but for a message that is under
 * way, of which nobody may take half for the whole.
 */

const STREAMS = 120;
const SESSIONS = 4;
const RATE = 40;
const SOFT_MS = 500;
/** Between the two pieces of a message, and between two messages. */
const PIECE_MS = 20;
const PAUSE_MS = 20;
const HEAD = { ":method": "POST", te: "trailers", "content-type": "application/grpc" };

/** A message of some hundred bytes, by its number. */
function message(number: number): Buffer {
  const text = `${number} `.repeat(100);
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(text.length, 1);
  return Buffer.concat([prefix, Buffer.from(text)]);
}

/** Sends numbered messages for as long as anybody listens. */
function stream(to: ServerHttp2Stream): void {
  to.respond({ ":status": 200, "content-type": "application/grpc" });
  to.on("error", () => undefined);
  const send = (number: number): void => {
    if (to.destroyed) return;
    const bytes = message(number);
    to.write(bytes.subarray(0, 7));
    setTimeout(() => {
      if (!to.destroyed) to.write(bytes.subarray(7));
      setTimeout(() => send(number + 1), PAUSE_MS);
    }, PIECE_MS);
  };
  send(1);
}

/** An origin whose streams never end, and whose calls are answered with its name. */
async function startOrigin(name: string): Promise<Http2Origin> {
  const origin = await Http2Origin.start();
  onTestFinished(() => origin[Symbol.dispose]());
  origin.onRequest = ({ stream: to, fields }) => {
    if (fields[":path"] === "/shop.Cart/Watch") return stream(to);
    to.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
    to.once("wantTrailers", () => to.sendTrailers({ "grpc-status": "0" }));
    to.end(name);
    return undefined;
  };
  return origin;
}

/** What a client has of a stream. */
type Watched = {
  readonly pieces: Buffer[];
  status: string | undefined;
  /** By which code it was reset. 0: it was not. */
  code: number | undefined;
  isOver: boolean;
};

function watch(
  session: ClientHttp2Session,
  onEnd = (): void => undefined,
  path = "/shop.Cart/Watch",
): Watched {
  const watched: Watched = { pieces: [], status: undefined, code: undefined, isOver: false };
  const asked = session.request({ ...HEAD, ":path": path }, { endStream: false });
  asked.on("error", () => undefined);
  asked.on("data", (piece: Buffer) => watched.pieces.push(piece));
  asked.on("trailers", (trailers) => (watched.status = String(trailers["grpc-status"])));
  asked.on("close", () => {
    watched.isOver = true;
    watched.code = asked.rstCode;
    onEnd();
  });
  return watched;
}

/** The answer to a short call. */
function call(session: ClientHttp2Session): Promise<string> {
  return new Promise((resolve) => {
    const asked = session.request({ ...HEAD, ":path": "/shop.Cart/Get" }, { endStream: false });
    let body = "";
    let status = "none";
    asked.on("error", (error) => (status = error.message));
    asked.on("data", (piece: Buffer) => (body += piece.toString()));
    asked.on("trailers", (trailers) => (status = String(trailers["grpc-status"])));
    asked.on("close", () => resolve(`${body} ${status}`));
    asked.end();
  });
}

async function start(v1: Http2Origin, v2: Http2Origin, hard = "60s"): Promise<TestSidecar> {
  const versions = {
    v1: { weight: 1, endpoints: [v1.address] },
    v2: { weight: 0, endpoints: [v2.address] },
  };
  const drain = { connectionsPerSecond: RATE, soft: `${SOFT_MS}ms`, hard };
  const web = { hosts: ["127.0.0.1"], upstream: { protocol: "h2" }, onShift: "migrate" };
  const sidecar = await startSidecar({ services: { web: { ...web, versions, drain } } });
  onTestFinished(() => sidecar.stop());
  return sidecar;
}

test("streams of gRPC migrate at the rate, each with UNAVAILABLE behind a message", async () => {
  const [v1, v2] = [await startOrigin("v1"), await startOrigin("v2")];
  const sidecar = await start(v1, v2);
  const sessions = Array.from({ length: SESSIONS }, () => {
    const session = connect(`http://127.0.0.1:${sidecar.ports[0]}`);
    onTestFinished(() => session.destroy());
    return session;
  });
  using ends = new SecondsCounter();
  const beganMs = performance.now();
  const watched = Array.from({ length: STREAMS }, (_, at) =>
    watch(sessions[at % SESSIONS] as ClientHttp2Session, () => ends.add()),
  );
  await eventually(() => {
    expect(watched.every(({ pieces }) => pieces.length > 2)).toBe(true);
    // From this age on they migrate with the beginning.
    expect(performance.now() - beganMs).toBeGreaterThan(2 * SOFT_MS);
  });
  const calls = new Map<string, number>();
  const isDone = (): boolean => watched.every(({ isOver }) => isOver);
  const load = sessions.map(async (session) => {
    while (!isDone()) {
      const answer = await call(session);
      calls.set(answer, (calls.get(answer) ?? 0) + 1);
    }
  });
  const weights = { v1: 0, v2: 1 };
  expect((await sidecar.call("PATCH", "/v1/services/web/weights", weights)).status).toBe(200);
  await eventually(() => expect(isDone()).toBe(true), 30_000);
  await Promise.all(load);
  expect(ends.most).toBeLessThanOrEqual(ends.seenAs(RATE * 1.1));
  expect(new Set(watched.map(({ status }) => status))).toEqual(new Set(["14"]));
  for (const { pieces } of watched) {
    const bytes = Buffer.concat(pieces);
    const whole: Buffer[] = [];
    for (let at = 0, number = 1; at < bytes.length; number += 1) {
      whole.push(message(number));
      at += (whole.at(-1) as Buffer).length;
    }
    expect(bytes.equals(Buffer.concat(whole))).toBe(true);
  }
  // Their endpoint hears that nobody listens any more.
  await eventually(() => {
    const streams = v1.requests.filter(({ fields }) => fields[":path"]?.endsWith("Watch"));
    expect(streams.map(({ end }) => end)).toEqual(Array.from({ length: STREAMS }, () => "reset 8"));
  });
  // Nobody else has noticed, and the connections are the same.
  expect([...calls.keys()].filter((answer) => !/^v[12] 0$/.test(answer))).toEqual([]);
  expect(sessions.map(({ closed }) => closed)).toEqual(sessions.map(() => false));
  expect(await call(sessions[0] as ClientHttp2Session)).toBe("v2 0");
});

test("At `hard` a call ends by a status, or by a reset inside a message", async () => {
  const [v1, v2] = [await startOrigin("v1"), await startOrigin("v2")];
  const sidecar = await start(v1, v2, "1s");
  const session = connect(`http://127.0.0.1:${sidecar.ports[0]}`);
  onTestFinished(() => session.destroy());
  v1.onRequest = ({ stream: to, fields }) => {
    to.respond({ ":status": 200, "content-type": "application/grpc" });
    to.write(fields[":path"] === "/shop.Cart/Whole" ? message(1) : message(1).subarray(0, 9));
  };
  const whole = watch(session, undefined, "/shop.Cart/Whole");
  const half = watch(session, undefined, "/shop.Cart/Half");
  await eventually(() => expect([whole.pieces.length, half.pieces.length]).toEqual([1, 1]));
  await sidecar.call("PATCH", "/v1/services/web/weights", { v1: 0, v2: 1 });
  await eventually(() => expect([whole.isOver, half.isOver]).toEqual([true, true]));
  expect([whole.status, whole.code, whole.pieces]).toEqual(["14", 0, [message(1)]]);
  expect([half.status, half.code]).toEqual([undefined, 8]);
  expect(await call(session)).toBe("v2 0");
  const metrics = await (await sidecar.call("GET", "/metrics")).text();
  expect(metrics).toMatch(/^sluice_grpc_calls_total\{.*status="UNAVAILABLE"\} 2$/m);
});
