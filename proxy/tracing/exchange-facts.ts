import { HEDGE_LOST } from "../exchange/witness.ts";
import type { EndedExchange, EndedTry } from "../exchange/witness.ts";
import type { UpstreamProtocol } from "../table/tls.ts";
import type { Peer } from "../transport/peer.ts";
import type { SpanAttributes } from "./span-json.ts";

/** Methods that conventions know (RFC 9110 section 9, RFC 5789); others would be names for ever. */
const METHODS: ReadonlySet<string> = new Set(
  "GET HEAD POST PUT DELETE CONNECT OPTIONS TRACE PATCH".split(" "),
);

/** What spans of one exchange tell, by the semantic conventions for HTTP (1.23 and later). */
export type SpanFacts = {
  readonly name: string;
  readonly isError: boolean;
  readonly attributes: SpanAttributes;
};

/** What the client asked, and what it got. No query string: it often holds secrets. */
export function serverFacts(exchange: EndedExchange, peer: Peer): SpanFacts {
  const { head, request, to, answer } = exchange;
  const { status, note } = answer;
  const isBroken = note.why !== "" && status < 400;
  const isError = isBroken || to.grpc.countedAs(status) >= 500;
  return {
    name: nameOf(head.method),
    isError,
    attributes: {
      ...methodOf(head.method),
      "url.scheme": peer.tls === undefined ? "http" : "https",
      "url.path": head.rawPath,
      "server.address": head.host,
      "client.address": peer.address,
      "network.protocol.version": head.version === "2.0" ? "2" : head.version,
      "user_agent.original": head.header("user-agent"),
      "http.response.status_code": status === 0 ? undefined : status,
      "error.type": isError ? note.why || (to.grpc.status ?? String(status)) : undefined,
      "sluice.error": note.why,
      "sluice.request_id": head.requestId ?? request.outgoing.rewrite.requestId,
      ...callOf(exchange),
      ...whereOf(exchange, to.pool?.version),
    },
  };
}

/** What an endpoint was asked before, in vain. `resent`: how often it was sent before that. */
export function vainFacts(exchange: EndedExchange, ended: EndedTry, resent: number): SpanFacts {
  const { endpoint, version, why } = ended;
  // Whoever was slower has done nothing wrong.
  const isError = why !== HEDGE_LOST;
  return {
    name: nameOf(exchange.head.method),
    isError,
    attributes: {
      ...askedOf(exchange, endpoint?.address ?? "", resent),
      "http.response.status_code": typeof why === "number" ? why : undefined,
      "error.type": isError ? String(why) : undefined,
      "sluice.error": isError ? undefined : why,
      ...whereOf(exchange, version),
    },
  };
}

/** What an endpoint was asked at last. undefined: none was found. `resent`: as above. */
export function clientFacts(exchange: EndedExchange, resent: number): SpanFacts | undefined {
  const { to, answer } = exchange;
  const { status, note } = answer;
  const { endpoint, by, why } = note;
  if (endpoint === undefined || (resent > 0 && why === "no-endpoint")) return undefined;
  const answered = by === "endpoint" ? status : 0;
  const failed = why || (answered === 0 ? "" : failedCall(to.grpc));
  const isError = failed !== "" || answered >= 400;
  return {
    name: nameOf(exchange.head.method),
    isError,
    attributes: {
      ...askedOf(exchange, endpoint.address, resent),
      "network.protocol.version": spokenIn(to.pool?.policy.protocol, endpoint.agreed),
      "http.response.status_code": answered === 0 ? undefined : answered,
      "error.type": isError ? failed || String(answered) : undefined,
      ...(answered === 0 ? {} : callOf(exchange)),
      ...whereOf(exchange, to.pool?.version),
    },
  };
}

function askedOf(exchange: EndedExchange, address: string, resent: number): SpanAttributes {
  const { head, request, to } = exchange;
  const [path = ""] = request.outgoing.target.split("?", 1);
  return {
    ...methodOf(head.method),
    "url.scheme": to.pool?.policy.upstreamTls === undefined ? "http" : "https",
    "url.path": path,
    "server.address": head.host,
    ...placeOf(address),
    "http.request.resend_count": resent === 0 ? undefined : resent,
  };
}

/** The version of HTTP. undefined: the endpoint chooses, and has not done so. */
function spokenIn(
  protocol: UpstreamProtocol | undefined,
  agreed: string | undefined,
): string | undefined {
  const spoken = protocol === "auto" ? agreed : protocol;
  return spoken === "h2" ? "2" : spoken?.slice("http/".length);
}

/** What a call of gRPC says besides, by the conventions for RPC. The path is its method there. */
function callOf({ head, to: { grpc } }: EndedExchange): SpanAttributes {
  if (!grpc.isCall) return {};
  return {
    "rpc.system.name": "grpc",
    "rpc.method": head.rawPath.slice(1),
    "rpc.response.status_code": grpc.status,
  };
}

/** What a call failed with, to whoever makes it. "": it did not, or is none. */
function failedCall({ isCall, status = "OK" }: EndedExchange["to"]["grpc"]): string {
  return isCall && status !== "OK" ? status : "";
}

/** `address`: of an endpoint, `HOST:PORT`, `[IPV6]:PORT` or `unix:PATH`. */
function placeOf(address: string): SpanAttributes {
  if (address.startsWith("unix:")) {
    return { "network.peer.address": address.slice("unix:".length), "network.transport": "unix" };
  }
  const colon = address.lastIndexOf(":");
  const host = address.slice(0, Math.max(colon, 0));
  return {
    "network.peer.address": host.startsWith("[") ? host.slice(1, -1) : host,
    "network.peer.port": colon === -1 ? undefined : Number(address.slice(colon + 1)),
  };
}

function whereOf({ to }: EndedExchange, version: string | undefined): SpanAttributes {
  return { "sluice.service": to.live?.name, "sluice.version": version };
}

function nameOf(method: string): string {
  return METHODS.has(method) ? method : "HTTP";
}

function methodOf(method: string): SpanAttributes {
  if (METHODS.has(method)) return { "http.request.method": method };
  return { "http.request.method": "_OTHER", "http.request.method_original": method };
}
