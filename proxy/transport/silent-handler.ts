import type { TransportHandler } from "./transport.ts";

const ignore = (): void => undefined;

/** Hears nothing, of a transport that somebody else listens to, or is about to take over. */
export const SILENT_HANDLER: TransportHandler = {
  onConnect: ignore,
  onData: ignore,
  onEnd: ignore,
  onFlushed: ignore,
  onClose: ignore,
};
