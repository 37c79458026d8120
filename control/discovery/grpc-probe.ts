import type {
  ClientHttp2Session,
  ClientHttp2Stream,
  connect,
  IncomingHttpHeaders,
  IncomingHttpStatusHeader,
} from "node:http2";
import { connect as connectSocket } from "node:net";
import type { Socket } from "node:net";
import { GRPC_TIMEOUT_FIELD, grpcTimeout } from "../../proxy/grpc/timeout.ts";
import type { GrpcQuestion } from "../config/service.ts";
import { healthByGrpc, HEALTH_PATH, healthQuestion } from "./grpc-health.ts";
import { connectByTls, placeOf } from "./probe-tls.ts";
import type { Prober, ProbeResult, ProbeTarget } from "./probe-target.ts";

/** Most bytes of an answer's body that are kept: the message has seven. */
const BODY_BYTES_MAX = 1024;

/** Most memory that one connection's frames may take, in MB: the least that Node takes. */
const SESSION_MEMORY_MB = 1;

type Target = ProbeTarget<GrpcQuestion>;

/** Asks by `grpc.health.v1.Health/Check` over HTTP/2; in clear it is taken for granted. */
export function grpcProber(target: Target): Prober {
  let socket: Socket | undefined;
  let session: ClientHttp2Session | undefined;
  let isClosed = false;
  const close = (): void => {
    isClosed = true;
    session?.destroy();
    socket?.destroy();
  };
  const ask = async (): Promise<ProbeResult> => {
    // It takes a while, so it is loaded with the first probe, and before there is a connection.
    const { connect } = await import("node:http2");
    socket = await openSocket(target);
    session = openSession(connect, socket);
    if (isClosed) close();
    return call(session, target);
  };
  return { ask, close };
}

async function openSocket({ address, tls, timeoutMs }: Target): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  if (tls !== undefined) {
    connectByTls(address, tls, { protocol: "h2", timeoutMs }, (error, secure) => {
      if (error === null) resolve(secure);
      else reject(error);
    });
    return promise;
  }
  const socket = connectSocket(placeOf(address), () => {
    socket.setTimeout(0);
    resolve(socket);
  });
  socket.on("error", reject);
  // Nobody waits any more: it must not stay.
  socket.setTimeout(timeoutMs, () => socket.destroy());
  return promise;
}

function openSession(open: typeof connect, socket: Socket): ClientHttp2Session {
  return open("http://localhost", {
    createConnection: () => socket,
    maxSessionMemory: SESSION_MEMORY_MB,
    settings: { enablePush: false },
  });
}

async function call(session: ClientHttp2Session, target: Target): Promise<ProbeResult> {
  const { promise, resolve, reject } = Promise.withResolvers<ProbeResult>();
  session.once("error", reject);
  session.once("close", () => resolve(unusable("the connection has ended")));
  const { host, question, timeoutMs, tls } = target;
  const stream = session.request({
    ":method": "POST",
    ":path": HEALTH_PATH,
    ":scheme": tls === undefined ? "http" : "https",
    ":authority": host,
    "content-type": "application/grpc",
    te: "trailers",
    [GRPC_TIMEOUT_FIELD]: grpcTimeout(timeoutMs),
    "user-agent": "sluice-health-check",
  });
  stream.once("error", reject);
  listen(stream, resolve);
  stream.end(healthQuestion(question.service));
  return promise;
}

function listen(stream: ClientHttp2Stream, onResult: (result: ProbeResult) => void): void {
  let head: IncomingHttpHeaders & IncomingHttpStatusHeader = {};
  let trailers: IncomingHttpHeaders = {};
  let body = Buffer.alloc(0);
  stream.once("response", (fields) => (head = fields));
  stream.once("trailers", (fields) => (trailers = fields));
  stream.on("data", (piece: Buffer) => {
    body = Buffer.concat([body, piece]);
    if (body.length > BODY_BYTES_MAX) onResult(unusable(`more than ${BODY_BYTES_MAX} bytes`));
  });
  stream.once("end", () => {
    const { ":status": httpStatus } = head;
    if (httpStatus === undefined) return onResult(unusable("the connection has ended"));
    const answer = {
      httpStatus,
      contentType: head["content-type"],
      grpcStatus: (trailers["grpc-status"] ?? head["grpc-status"])?.toString(),
      body,
    };
    return onResult(healthByGrpc(answer));
  });
}

function unusable(why: string): ProbeResult {
  return { succeeded: false, reason: `no usable answer: ${why}` };
}
