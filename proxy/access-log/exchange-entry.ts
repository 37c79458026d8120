import type { EndedExchange } from "../exchange/witness.ts";
import type { AccessLogField } from "../table/access-log-spec.ts";
import type { Peer } from "../transport/peer.ts";
import { ACCESS_FLAGS } from "./entry.ts";
import type { AccessEntry, AccessFlag } from "./entry.ts";

/** Texts of the head, which are made when they are asked for. */
const OF_HEAD = ["host", "path", "query", "requestId", "userAgent", "referer"] as const;
type HeadField = (typeof OF_HEAD)[number];

/** What there is to say of an exchange that has ended. Used again for others. */
export class ExchangeEntry implements AccessEntry {
  isError = false;
  client = "";
  protocol = "";
  method = "";
  host = "";
  path = "";
  query = "";
  status = 0;
  grpcStatus = "";
  error = "";
  flags = "";
  durationMs = 0;
  requestBytes = 0;
  responseBytes = 0;
  service = "";
  version = "";
  endpoint = "";
  attempts = 0;
  requestId = "";
  traceId = "";
  userAgent = "";
  referer = "";
  serverName = "";
  /** -1: it has none. A field that always is a number holds it without a box. */
  #firstByteMs = 0;
  readonly #wants: Readonly<Record<HeadField, boolean>>;

  /** `fields`: those that a line has. Of the head it makes no others. */
  constructor(fields: readonly AccessLogField[]) {
    const wanted = OF_HEAD.map((field) => [field, fields.includes(field)] as const);
    this.#wants = Object.fromEntries(wanted) as Record<HeadField, boolean>;
  }

  get firstByteMs(): number | undefined {
    return this.#firstByteMs < 0 ? undefined : this.#firstByteMs;
  }

  /** The exchange may be used again afterwards. */
  take(exchange: EndedExchange, peer: Peer, durationMs: number): void {
    const { request, to, answer } = exchange;
    this.client = peer.address;
    this.serverName = peer.tls?.serverName ?? "";
    this.#takeHead(exchange);
    this.requestBytes = request.scanner.payloadBytes;
    this.service = to.live?.name ?? "";
    this.version = to.pool?.version ?? "";
    this.grpcStatus = to.grpc.status ?? "";
    this.status = answer.status;
    this.isError = isError(exchange);
    this.flags = flagsOf(exchange);
    this.durationMs = durationMs;
    this.#firstByteMs = firstByteMs(exchange, durationMs);
    this.#takeNote(answer.note);
  }

  #takeHead({ head, request }: EndedExchange): void {
    const wants = this.#wants;
    this.protocol = PROTOCOLS[head.version];
    this.method = head.method;
    if (wants.host) this.host = head.host;
    if (wants.path) this.path = head.rawPath;
    if (wants.query) this.query = head.queryString;
    if (wants.userAgent) this.userAgent = head.header("user-agent") ?? "";
    if (wants.referer) this.referer = head.header("referer") ?? "";
    if (wants.requestId) this.requestId = head.requestId ?? request.outgoing.rewrite.requestId;
  }

  #takeNote({ why, bodyBytes, endpoint, tries, trace }: EndedExchange["answer"]["note"]): void {
    this.error = why;
    this.responseBytes = bodyBytes;
    this.endpoint = endpoint?.address ?? "";
    this.attempts = tries;
    this.traceId = trace?.traceId ?? "";
  }
}

const PROTOCOLS = { "1.0": "HTTP/1.0", "1.1": "HTTP/1.1", "2.0": "HTTP/2" } as const;

function isError({ answer, to }: EndedExchange): boolean {
  return answer.note.why !== "" || answer.status === 0 || to.grpc.countedAs(answer.status) >= 500;
}

/** Almost always "": then nothing is made for it. */
function flagsOf({ answer, to }: EndedExchange): string {
  const { tries, endpoint } = answer.note;
  const isEjected = endpoint !== undefined && endpoint.ejectedUntilMs > 0;
  const isPlain = answer.note.why === "" && answer.note.by === "endpoint" && to.holdMs === 0;
  if (isPlain && tries < 2 && !isEjected) return "";
  const isGone = answer.note.why === "client-left";
  const isCut = answer.note.why !== "" && answer.note.by === "endpoint" && !isGone;
  const holds: Readonly<Record<AccessFlag, boolean>> = {
    local: answer.note.by === "sluice",
    filter: answer.note.by === "filter",
    route: answer.note.by === "route",
    delayed: to.holdMs > 0,
    retried: tries > 1,
    ejected: isEjected,
    cut: isCut,
    left: isGone,
  };
  return ACCESS_FLAGS.filter((flag) => holds[flag]).join(",");
}

function firstByteMs({ sinceMs, answer }: EndedExchange, durationMs: number): number {
  if (answer.status === 0) return -1;
  return answer.note.beganMs === 0 ? durationMs : answer.note.beganMs - sinceMs;
}
