import type { GrpcStatus } from "../grpc/status.ts";
import type { RequestHead } from "../http1/request-head.ts";
import type { UpstreamProtocol } from "../table/tls.ts";
import type { TunnelWitness, TunnelWitnesses } from "../metrics/tunnel-record.ts";
import type { Peer } from "../transport/peer.ts";

/** Who has answered. nobody: no final answer has begun. */
export type AnsweredBy = "nobody" | "endpoint" | "sluice" | "filter" | "route";

/** An exchange that ends, still counted at its version. Valid only during the call. */
export interface EndedExchange {
  readonly head: RequestHead;
  readonly request: {
    readonly scanner: { readonly payloadBytes: number };
    /** `requestId`: of ours, "" if it went nowhere; see RequestRewrite. */
    /** `target`: see OutgoingRequest. */
    readonly outgoing: {
      readonly rewrite: { readonly requestId: string };
      readonly target: string;
    };
  };
  readonly to: {
    readonly live: { readonly name: string } | undefined;
    readonly pool:
      | {
          readonly version: string;
          /** How its endpoints are spoken to. */
          readonly policy: {
            readonly protocol: UpstreamProtocol;
            readonly upstreamTls?: object | undefined;
          };
        }
      | undefined;
    readonly grpc: {
      readonly isCall: boolean;
      readonly status: GrpcStatus | undefined;
      countedAs(httpStatus: number): number;
    };
    /** How long it was held back on purpose, in ms. */
    readonly holdMs: number;
  };
  readonly answer: {
    /** 0: none has begun. */
    readonly status: number;
    readonly note: {
      readonly by: AnsweredBy;
      /** Why it is not what the client asked for: a word of the code. "": nothing is wrong. */
      readonly why: string;
      /** Of the body, so far. */
      readonly bodyBytes: number;
      /** When it began, in monotonic ms. 0: it began and ended at once, or not at all. */
      readonly beganMs: number;
      /** How often it was sent somewhere, or would have been. */
      readonly tries: number;
      /** The last one that was tried. undefined: none was found. */
      readonly endpoint:
        | {
            readonly address: string;
            readonly ejectedUntilMs: number;
            /** What it has chosen to speak over TLS. undefined: nothing. */
            readonly agreed: string | undefined;
          }
        | undefined;
      /** undefined: nobody traces. */
      readonly trace: { readonly traceId: string } | undefined;
    };
  };
  /** When the request arrived, in monotonic ms. */
  readonly sinceMs: number;
}

/** A request that was refused before it was an exchange. */
export type RefusedHead = {
  readonly client: string;
  /** Of the listener. "": not known. */
  readonly service: string;
  readonly protocol: "1.1" | "2.0" | undefined;
  /** 0: nobody could be told. */
  readonly status: number;
  readonly reason: string;
};

/** Hears of each exchange at its end. */
export interface ExchangeWitness {
  exchangeEnded(exchange: EndedExchange, peer: Peer, durationMs: number): void;
  headRefused(head: RefusedHead): void;
}

/** Of a try: another one that was sent beside it answered first. */
export const HEDGE_LOST = "hedge-lost";

/** A try at an endpoint that is over, and another one follows. */
export type EndedTry = {
  /** undefined: none was found. */
  readonly endpoint: { readonly address: string } | undefined;
  readonly version: string;
  /** Why: the status of an answer that was not passed on, or a word of the code. */
  readonly why: number | string;
};

/** Where an exchange stands in a trace. */
export interface ExchangeTrace {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** traceparent, as the try under way sends it, or the first one to come. */
  readonly parent: string;
  /** A try begins. */
  tried(): void;
  /** It was in vain, and another one follows, perhaps with another `parent`. */
  triedInVain(ended: EndedTry): void;
  /** The try under way is doubled elsewhere. Returns the traceparent of the second. */
  hedged(): string;
  /** One of the two is over. `isWon`: the second goes on, with its own `parent`; else the first. */
  hedgeEnded(isWon: boolean, ended: EndedTry): void;
  /** The exchange ends. */
  ended(exchange: EndedExchange, peer: Peer, durationMs: number): void;
}

/** An exchange that begins, and where its trace is noted. */
export type TracedExchange = {
  readonly head: RequestHead;
  readonly request: { readonly outgoing: { readonly rewrite: { traceLines: string } } };
  readonly answer: { readonly note: { trace: ExchangeTrace | undefined } };
};

/** Gives each exchange its trace at its beginning. */
export interface ExchangeTracer {
  begin(exchange: TracedExchange, peer: Peer): void;
}

/**
 * Who hears of what begins and has ended in this worker. With nobody, each beginning and each end
 * costs one look here.
 */
export class Witnesses implements TunnelWitnesses {
  tracer: ExchangeTracer | undefined;
  exchanges: ExchangeWitness | undefined;
  tunnels: TunnelWitness | undefined;
}
