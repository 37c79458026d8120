import type { ExchangeClient, ExchangeStream } from "./ports.ts";

const NOWHERE: ExchangeStream = {
  blocked: false,
  endIsProven: false,
  write: () => undefined,
  relay: () => undefined,
  pause: () => undefined,
  resume: () => undefined,
  reset: () => undefined,
  destroy: () => undefined,
  keep: (bytes, start, end) => bytes.subarray(start, end),
  releaseBuffer: () => undefined,
};

/** The client of an exchange that is not on loan, so that it keeps no other. Does nothing. */
export const NOBODY: ExchangeClient = {
  transport: NOWHERE,
  peer: { address: "", trusted: false },
  tunnelEnd: undefined,
  bound: undefined,
  draining: false,
  serviceFor: () => undefined,
  denies: () => true,
  followPolicy: () => undefined,
  armAt: () => undefined,
  exchangeEnded: () => undefined,
};
