import { Timer } from "../base/timer-wheel.ts";
import type { Expiring, TimerWheel } from "../base/timer-wheel.ts";
import { closeFrame } from "./close-frame.ts";
import type { CloseCode } from "./close-frame.ts";
import type { TunnelFrames } from "./tunnel-frames.ts";
import type { TunnelSilence } from "./tunnel-silence.ts";
import { NO_END } from "./websocket-frames.ts";

/** How long each peer has for its part of a close, and a connection to end after its last byte. */
const CLOSE_WAIT_MS = 5_000;

/**
 * Length of a masking key. It has to be unpredictable (RFC 6455 10.3): it comes from the system and
 * not from a Random.
 */
const MASK_BYTES = 4;

/** One side of a tunnel, as its close sees it: a Transport. */
export interface ClosingSide {
  /** Bytes wait to be written. */
  readonly blocked: boolean;
  /** Open both ways. */
  readonly whole: boolean;
  write(text: string): void;
  resume(): void;
  end(): void;
  destroy(): void;
  reset(): void;
}

/** A tunnel to be closed. */
export type ClosingTunnel = {
  readonly client: ClosingSide;
  readonly server: ClosingSide;
  /** undefined: not a WebSocket. */
  readonly frames: TunnelFrames | undefined;
  readonly wheel: TimerWheel;
  readonly silence: Pick<TunnelSilence, "quietLeftMs">;
};

/**
 * message: a message from the server is still under way. peers: the peers close the tunnel
 * themselves. told: the client has our Close and should answer. answered: its answer is on its way
 * to the server, which ends the connection. ended: FIN is out on both sides.
 */
type Phase = "message" | "peers" | "told" | "answered" | "ended";

/**
 * Ends a tunnel on our own initiative. No message is cut: the client gets a Close between two
 * messages from the server and nothing after it. What the client sends still reaches the server, up
 * to and including its own Close, which tells the server to end. If the client does not answer, we
 * answer in its place. A tunnel that is not a WebSocket ends by FIN in both directions, as soon as
 * it is quiet.
 */
export class TunnelClose implements Expiring {
  readonly #code: CloseCode;
  readonly #tunnel: ClosingTunnel;
  readonly #timer = new Timer(this);
  #phase: Phase = "message";
  /** What has been passed to the client, or to the server, ends with a whole message. */
  #clientHasWhole: boolean;
  #serverHasWhole: boolean;
  /** We no longer wait for the client's answer. */
  #answersForClient = false;
  /** The client sent something since the timer was last armed. */
  #clientMoved = false;

  /** Everything that was read has been passed on. `begin` or `cut` follows. */
  constructor(code: CloseCode, tunnel: ClosingTunnel) {
    this.#code = code;
    this.#tunnel = tunnel;
    this.#clientHasWhole = tunnel.frames?.server.atMessageBoundary === true;
    this.#serverHasWhole = tunnel.frames?.client.atMessageBoundary === true;
  }

  /** The client does not know yet: a message from the server is still under way. */
  get waitsForMessage(): boolean {
    return this.#phase === "message";
  }

  /** Closes as gently as possible. */
  begin(): void {
    this.settle();
  }

  /**
   * Bytes came from the server, `end` of them, the last whole message of which ends at
   * `messageEnd`. Returns how many go on to the client; `settle` follows when they have.
   */
  fromServer(end: number, messageEnd: number): number {
    if (this.#phase === "peers") return end;
    if (this.#phase !== "message") return 0;
    if (messageEnd === NO_END) return end;
    this.#clientHasWhole = true;
    return messageEnd;
  }

  /** Like fromServer, for what the client sends. */
  fromClient(end: number, messageEnd: number): number {
    const client = this.#tunnel.frames?.client;
    if (this.#phase === "answered" || this.#phase === "ended") return 0;
    this.#clientMoved = true;
    this.#serverHasWhole = client?.atMessageBoundary === true;
    const isLast = client?.closed === true || this.#answersForClient;
    if (this.#phase !== "told" || messageEnd === NO_END || !isLast) return end;
    this.#serverHasWhole = true;
    return messageEnd;
  }

  /** Does what has become possible. */
  settle(): void {
    switch (this.#phase) {
      case "message":
        return this.#tellClient();
      case "told":
        return this.#settleAnswer();
      case "answered":
        return this.#endWhenBothClosed();
      case "peers":
      case "ended":
        return undefined;
    }
  }

  onDeadline(): void {
    const { client, server } = this.#tunnel;
    // Messages are still on their way to a slow reader.
    if (client.blocked || server.blocked) return this.#arm();
    switch (this.#phase) {
      case "told":
        return this.#answerForClient();
      case "ended":
        client.destroy();
        return server.destroy();
      case "message":
        return this.settle();
      case "peers":
      case "answered":
        return this.#end();
    }
  }

  /** Ends at once. A client between two messages still gets its Close. */
  cut(): void {
    const { client, server, frames } = this.#tunnel;
    const isOurs = frames?.valid === true && !frames.closing;
    const untold = this.#phase === "message";
    if (isOurs && untold && this.#clientHasWhole && client.whole) {
      client.write(closeFrame(this.#code));
    }
    if (isOurs && (untold || this.#phase === "told")) this.#tellServer();
    this.release();
    for (const side of [client, server]) {
      // The peer of a protocol that we do not know must not take what it has for all there is.
      if (frames === undefined) side.reset();
      else side.destroy();
    }
  }

  /** The tunnel is gone. */
  release(): void {
    this.#timer.close();
  }

  #tellClient(): void {
    const { client, server, frames } = this.#tunnel;
    if (frames === undefined) return this.#endWhenQuiet();
    if (!frames.valid) return this.#end();
    if (frames.closing || !client.whole || !server.whole) return this.#enter("peers");
    if (!this.#clientHasWhole) return undefined;
    client.write(closeFrame(this.#code));
    // It may have been paused for a slow client; what it sends from now on goes nowhere.
    server.resume();
    return this.#enter("told");
  }

  /** Nobody knows where a message of another protocol ends, but none does where bytes flow. */
  #endWhenQuiet(): void {
    const { wheel, silence } = this.#tunnel;
    const { quietLeftMs } = silence;
    if (quietLeftMs > 0) wheel.arm(this.#timer, quietLeftMs);
    else this.#end();
  }

  #settleAnswer(): void {
    const { frames } = this.#tunnel;
    if (frames?.valid !== true) return this.#end();
    if (frames.client.closed) {
      this.#enter("answered");
      return this.#endWhenBothClosed();
    }
    if (this.#answersForClient && this.#serverHasWhole) this.#answerForClient();
    return undefined;
  }

  #answerForClient(): void {
    this.#answersForClient = true;
    // It is sending a long message and has not read our Close yet: it may finish that message.
    if (!this.#serverHasWhole && this.#clientMoved) return this.#arm();
    this.#tellServer();
    return this.#end();
  }

  #tellServer(): void {
    const { server } = this.#tunnel;
    if (!this.#serverHasWhole || !server.whole) return;
    // Loaded for the first tunnel that needs it: a worker at rest does not.
    const { randomBytes } = process.getBuiltinModule("node:crypto");
    server.write(closeFrame(this.#code, randomBytes(MASK_BYTES)));
  }

  #endWhenBothClosed(): void {
    if (this.#tunnel.frames?.server.closed === true) this.#end();
  }

  #end(): void {
    const { client, server } = this.#tunnel;
    client.end();
    server.end();
    // Reading continues: unread bytes would turn the end into a reset.
    client.resume();
    server.resume();
    this.#enter("ended");
  }

  #enter(phase: Phase): void {
    this.#phase = phase;
    this.#arm();
  }

  #arm(): void {
    this.#clientMoved = false;
    this.#tunnel.wheel.arm(this.#timer, CLOSE_WAIT_MS);
  }
}
