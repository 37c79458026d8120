import { FAULTS } from "./reasons.ts";
import type { Http2Fault } from "./reasons.ts";
import { FrameType, frameHead, uint32At, uint32Text } from "./frames.ts";
import {
  FRAME_BYTES_MAX,
  PEER_FRAME_BYTES_MAX,
  REQUEST_LIST_BYTES_MAX,
  RESPONSE_LIST_BYTES_MAX,
  STREAMS_MAX,
  STREAMS_MAX_UNTOLD,
  STREAM_WINDOW_BYTES,
  UINT31_MAX,
  WINDOW_BYTES_INITIAL,
} from "./limits.ts";

/** Which end of a connection one is. */
export type Http2Role = "server" | "client";

/** Bytes of an entry: an identifier of 2 and a value of 4. */
const ENTRY_BYTES = 6;

/** RFC 9113 section 6.5.2, RFC 8441 section 3. */
const Setting = {
  enablePush: 2,
  maxConcurrentStreams: 3,
  initialWindowSize: 4,
  maxFrameSize: 5,
  maxHeaderListSize: 6,
  enableConnectProtocol: 8,
} as const;

/** What we say of ourselves, in a SETTINGS frame; what it leaves out stays as the RFC has it. */
export const OWN_SETTINGS: Readonly<Record<Http2Role, string>> = {
  server: settingsFrame([
    [Setting.maxConcurrentStreams, STREAMS_MAX],
    [Setting.initialWindowSize, STREAM_WINDOW_BYTES],
    [Setting.maxHeaderListSize, REQUEST_LIST_BYTES_MAX],
    [Setting.enableConnectProtocol, 1],
  ]),
  client: settingsFrame([
    [Setting.enablePush, 0],
    [Setting.initialWindowSize, STREAM_WINDOW_BYTES],
    [Setting.maxHeaderListSize, RESPONSE_LIST_BYTES_MAX],
  ]),
};

/** The values of a peer's settings, to be sent to another process. */
export type PeerSettingsState = {
  readonly maxConcurrentStreams: number;
  readonly initialWindowBytes: number;
  readonly maxFrameBytes: number;
  readonly maxListBytes: number;
  readonly connectProtocol: boolean;
};

/** What the peer says of itself. Before it has, what RFC 9113 section 6.5.2 starts with. */
export class PeerSettings {
  /** Its first SETTINGS frame has come. */
  known = false;
  /** Streams that it lets us open at once; before it has said so, what others assume. */
  maxConcurrentStreams = STREAMS_MAX_UNTOLD;
  /** What each stream's window for what we send starts with. */
  initialWindowBytes = WINDOW_BYTES_INITIAL;
  /** Payload of a frame that it takes. */
  maxFrameBytes = FRAME_BYTES_MAX;
  /** Largest list of fields that it takes, by its own account. Infinity: it does not say. */
  maxListBytes = Infinity;
  /** It takes CONNECT with a `:protocol` (RFC 8441 section 3). */
  connectProtocol = false;

  readonly #peerRole: Http2Role;

  /** `peerRole`: whose settings these are. */
  constructor(peerRole: Http2Role) {
    this.#peerRole = peerRole;
  }

  /** Takes the entries of a SETTINGS frame, in order. Returns the rule that one breaks. */
  take(bytes: Buffer, from: number, to: number): Http2Fault | undefined {
    if ((to - from) % ENTRY_BYTES !== 0) return FAULTS["h2-frame-size"];
    if (!this.known) this.maxConcurrentStreams = UINT31_MAX;
    this.known = true;
    for (let at = from; at < to; at += ENTRY_BYTES) {
      const id = ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
      const fault = this.#takeOne(id, uint32At(bytes, at + 2));
      if (fault !== undefined) return fault;
    }
    return undefined;
  }

  /** For another process. */
  toState(): PeerSettingsState {
    return {
      maxConcurrentStreams: this.maxConcurrentStreams,
      initialWindowBytes: this.initialWindowBytes,
      maxFrameBytes: this.maxFrameBytes,
      // JSON has no Infinity.
      maxListBytes: Math.min(this.maxListBytes, 2 ** 32),
      connectProtocol: this.connectProtocol,
    };
  }

  /** Goes on with what another process was told. */
  restore(state: PeerSettingsState): void {
    Object.assign(this, state);
    this.known = true;
  }

  #takeOne(id: number, value: number): Http2Fault | undefined {
    switch (id) {
      case Setting.enablePush:
        // RFC 9113 section 6.5.2: a server never says that it takes pushes.
        if (value > (this.#peerRole === "client" ? 1 : 0)) return FAULTS["h2-settings-invalid"];
        break;
      case Setting.maxConcurrentStreams:
        this.maxConcurrentStreams = value;
        break;
      case Setting.initialWindowSize:
        if (value > UINT31_MAX) return FAULTS["h2-window-overflow"];
        this.initialWindowBytes = value;
        break;
      case Setting.maxFrameSize:
        if (value < FRAME_BYTES_MAX || value > PEER_FRAME_BYTES_MAX) {
          return FAULTS["h2-settings-invalid"];
        }
        this.maxFrameBytes = value;
        break;
      case Setting.maxHeaderListSize:
        this.maxListBytes = value;
        break;
      case Setting.enableConnectProtocol:
        return this.#takeConnectProtocol(value);
      default:
    }
    return undefined;
  }

  /** RFC 8441 section 3: it is 0 or 1, and never taken back. */
  #takeConnectProtocol(value: number): Http2Fault | undefined {
    if (value > 1 || (value === 0 && this.connectProtocol)) return FAULTS["h2-settings-invalid"];
    this.connectProtocol = value === 1;
    return undefined;
  }
}

function settingsFrame(entries: readonly (readonly [id: number, value: number])[]): string {
  const head = frameHead(entries.length * ENTRY_BYTES, FrameType.settings, 0, 0);
  const texts = entries.map(([id, value]) => String.fromCharCode(id >>> 8, id) + uint32Text(value));
  return head + texts.join("");
}
