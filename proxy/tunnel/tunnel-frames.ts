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

  /** Goes on where another process stood. */
  static from(state: TunnelFramesState): TunnelFrames {
    return new TunnelFrames(FrameScanner.from(state.client), FrameScanner.from(state.server));
  }

  /** Both directions are what RFC 6455 says. false: nobody knows where a message ends. */
  get valid(): boolean {
    return this.client.valid && this.server.valid;
  }

  /** One of the peers has begun to close: the rest of it is theirs. */
  get closing(): boolean {
    return this.client.closed || this.server.closed;
  }

  /** The client may be told something of ours now; or nobody can tell, or will need to. */
  get clientIsBetweenMessages(): boolean {
    return !this.valid || this.closing || this.server.atMessageBoundary;
  }

  /** Plain data for another process. */
  toJSON(): TunnelFramesState {
    return { client: this.client.toJSON(), server: this.server.toJSON() };
  }
}
