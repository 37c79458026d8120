import { connect } from "node:http2";
import type {
  ClientHttp2Session,
  ClientHttp2Stream,
  IncomingHttpHeaders,
  IncomingHttpStatusHeader,
  OutgoingHttpHeaders,
  SecureClientSessionOptions,
} from "node:http2";
import { onTestFinished } from "vitest";
import type { ListenerSnapshot } from "../../../proxy/table/snapshot.ts";
import { serving } from "./tls-door-fixture.ts";
import type { ClientsBed } from "./clients-fixture.ts";

/** What a client got, whole. `code`: with which RST_STREAM it ended, 0 for none. */
export type Got = {
  readonly status: number | undefined;
  readonly fields: IncomingHttpHeaders;
  readonly body: string;
  readonly trailers: IncomingHttpHeaders;
  readonly interims: readonly number[];
  readonly code: number;
};

/** What a client sends: without `body` its head is all; trailers come behind a body. */
export type Asked = OutgoingHttpHeaders & { readonly ":path"?: string };

/** A worker with a listener in clear, by Host, and a client of HTTP/2 that knows that. */
export async function http2Bed(
  settings: object = {},
  about: Partial<ListenerSnapshot> = {},
): Promise<{ bed: ClientsBed; port: number; session: ClientHttp2Session }> {
  const listener = { tls: undefined, service: undefined, ...about };
  const { bed, port } = await serving({}, listener, settings);
  return { bed, port, session: openHttp2(port) };
}

/** A client's session, which ends with the test. */
export function openHttp2(
  port: number,
  options: SecureClientSessionOptions & { readonly scheme?: string } = {},
): ClientHttp2Session {
  const { scheme = "http", ...more } = options;
  const session = connect(`${scheme}://127.0.0.1:${port}`, more);
  // Each request says what became of it.
  session.on("error", () => undefined);
  onTestFinished(() => session.destroy());
  return session;
}

/** Waits until a stream is over, in whichever way. */
export function closed(stream: ClientHttp2Stream): Promise<void> {
  return new Promise((resolve) => {
    stream.on("error", () => undefined);
    stream.once("close", resolve);
  });
}

/** Sends a request for `web` and waits for the end of its stream. */
export async function ask(
  session: ClientHttp2Session,
  fields: Asked = {},
  body?: string | Buffer,
  trailers?: OutgoingHttpHeaders,
): Promise<Got> {
  const stream = session.request(
    { ":authority": "web", ...fields },
    { endStream: body === undefined, waitForTrailers: trailers !== undefined },
  );
  const interims: number[] = [];
  let fieldsGot: IncomingHttpHeaders & IncomingHttpStatusHeader = {};
  let trailersGot: IncomingHttpHeaders = {};
  const pieces: Buffer[] = [];
  stream.on("headers", (each) => interims.push(Number(each[":status"])));
  stream.on("response", (each) => (fieldsGot = each));
  stream.on("trailers", (each) => (trailersGot = each));
  stream.on("data", (piece: Buffer) => pieces.push(piece));
  if (trailers !== undefined) stream.on("wantTrailers", () => stream.sendTrailers(trailers));
  if (body !== undefined) stream.end(body);
  await closed(stream);
  return {
    status: fieldsGot[":status"],
    fields: fieldsGot,
    body: Buffer.concat(pieces).toString("latin1"),
    trailers: trailersGot,
    interims,
    code: stream.rstCode ?? 0,
  };
}
