import type { ExchangeClient, ResponseSink } from "./ports.ts";

const NOWHERE: ResponseSink = {
  blocked: false,
  send: () => undefined,
  relay: () => undefined,
  finish: () => undefined,
  finishCall: () => true,
  pause: () => undefined,
  resume: () => undefined,
  encode: () => "",
  interim: () => undefined,
  answer: () => undefined,
  abort: () => undefined,
  keep: (bytes, start, end) => bytes.subarray(start, end),
  releaseBuffer: () => undefined,
};

/** The client of an exchange that is not on loan, so that it keeps no other. Does nothing. */
export const NOBODY: ExchangeClient = {
  stream: NOWHERE,
  peer: { address: "", trusted: false },
  tunnelEnd: undefined,
  bound: undefined,
  mayBind: false,
  draining: false,
  serviceFor: () => undefined,
  denies: () => true,
  followPolicy: () => undefined,
  armAt: () => undefined,
  exchangeEnded: () => undefined,
};
