import { connect } from "node:tls";
import { AnswerReader } from "./answer-reader.ts";
import { loadArgument } from "./child.ts";
import type { Effort, LoadResult, Target } from "./load.ts";
import { requestBytes } from "./request-bytes.ts";

/** The first connection brings the ticket: the others begin when it has. */
const TICKET_MS = 300;

type Argument = { readonly target: Target; readonly effort: Effort; readonly resumes: boolean };

const { target, effort, resumes } = loadArgument() as Argument;
const fields = { ...target.fields, connection: "close" };
const request = requestBytes({ ...target, fields });
let session: Buffer | undefined;
let requests = 0;
let errors = 0;
let isOver = false;

/** One connection after the other, for as long as it takes. */
function next(): void {
  if (isOver) return;
  const resumed = resumes ? session : undefined;
  const reader = new AnswerReader();
  let isAnswered = false;
  const socket = connect({
    host: target.host,
    port: target.port,
    rejectUnauthorized: false,
    minVersion: "TLSv1.3",
    // Without the hybrid of ML-KEM, whose cost is OpenSSL's and the same for everybody.
    ecdhCurve: "X25519",
    ALPNProtocols: ["http/1.1"],
    ...(resumed === undefined ? {} : { session: resumed }),
  });
  socket.once("session", (fresh: Buffer) => (session = fresh));
  socket.once("secureConnect", () => {
    if (resumed !== undefined && !socket.isSessionReused()) errors += 1;
    socket.write(request);
  });
  socket.on("data", (bytes: Buffer) => (isAnswered ||= reader.take(bytes)));
  socket.on("error", () => undefined);
  socket.on("close", () => {
    if (isAnswered && reader.status === 200) requests += 1;
    else if (!isOver) errors += 1;
    setImmediate(next);
  });
}

next();
setTimeout(() => {
  for (let more = 1; more < effort.connections; more += 1) next();
}, TICKET_MS);
setTimeout(() => {
  isOver = true;
  const result: LoadResult = { requests, perSecond: requests / effort.seconds, errors };
  process.stdout.write(JSON.stringify(result), () => process.exit(0));
}, effort.seconds * 1000);
