import { FrameScanner } from "./websocket-frames.ts";
import type { FrameState } from "./websocket-frames.ts";

/** Where both directions of a WebSocket stand, as plain data. */
export type TunnelFramesState = { readonly client: FrameState; readonly server: FrameState };

/** Both directions of a WebSocket, followed from its first byte. */
export class TunnelFrames {
  readonly client: FrameScanner;
  readonly server: FrameScanner;

  constructor(client = new FrameScanner("client"), server = new FrameScanner("server")) {
    this.client = client;
    this.server = server;
  }

  /** Continues where another process stopped. */
  static from(state: TunnelFramesState): TunnelFrames {
    return new TunnelFrames(FrameScanner.from(state.client), FrameScanner.from(state.server));
  }

  /** Both directions follow RFC 6455. false: nobody knows where a message ends. */
  get valid(): boolean {
    return this.client.valid && this.server.valid;
  }

  /** One of the peers has begun to close: the rest is up to them. */
  get closing(): boolean {
    return this.client.closed || this.server.closed;
  }

  /** The client may get a frame of ours now, or it is impossible to know, or no longer matters. */
  get clientIsBetweenMessages(): boolean {
    return !this.valid || this.closing || this.server.atMessageBoundary;
  }

  /** Plain data for another process. */
  toJSON(): TunnelFramesState {
    return { client: this.client.toJSON(), server: this.server.toJSON() };
  }
}
