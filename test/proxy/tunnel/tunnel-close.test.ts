import { afterEach, describe, expect, test } from "vitest";
import type { Clock } from "../../../proxy/base/clock.ts";
import { TimerWheel } from "../../../proxy/base/timer-wheel.ts";
import { closeFrame } from "../../../proxy/tunnel/close-frame.ts";
import { TunnelClose } from "../../../proxy/tunnel/tunnel-close.ts";
import type { ClosingSide } from "../../../proxy/tunnel/tunnel-close.ts";
import { TunnelFrames } from "../../../proxy/tunnel/tunnel-frames.ts";
import { NO_END } from "../../../proxy/tunnel/websocket-frames.ts";
import { closeBytes, frameBytes, TEXT, textFrame } from "../../support/web-socket-frames.ts";

/*
 * Goal: what each peer gets, byte for byte, and when, for every order in which a close can happen.
 * Method: both sides are recorders; the deadline is called by hand.
 */

const MASK = Buffer.from([1, 2, 3, 4]);
const wheels: TimerWheel[] = [];
afterEach(() => wheels.splice(0).forEach((wheel) => wheel.close()));

const still: Clock = { nowMs: () => 0, wallMs: () => 0, sleep: async () => undefined };

/** One side: what it was told, in order. */
class Side implements ClosingSide {
  readonly told: string[] = [];
  blocked = false;
  whole = true;

  write(text: string): void {
    const bytes = Buffer.from(text, "latin1");
    this.told.push(bytes[0] === 0x88 ? describeClose(bytes) : bytes.toString());
  }

  resume(): void {}

  end(): void {
    if (this.told.at(-1) !== "FIN") this.told.push("FIN");
  }

  destroy(): void {
    this.told.push("gone");
  }

  reset(): void {
    this.told.push("reset");
  }
}

/** `close 1012`, with `masked` before it when it is. */
function describeClose(bytes: Buffer): string {
  const isMasked = ((bytes[1] ?? 0) & 0x80) !== 0;
  if (!isMasked) return `close ${bytes.readUInt16BE(2)}`;
  const payload = bytes.subarray(6).map((byte, at) => byte ^ (bytes[2 + at] ?? 0));
  return `masked close ${Buffer.from(payload).readUInt16BE(0)}`;
}

/** A tunnel of recorders, driven as a Tunnel drives its close. */
class TestTunnel {
  readonly client = new Side();
  readonly server = new Side();
  readonly frames: TunnelFrames | undefined;
  readonly close: { now: TunnelClose | undefined } = { now: undefined };
  readonly silence = { quietLeftMs: 0 };
  readonly #wheel = new TimerWheel(still);

  constructor(webSocket = true) {
    wheels.push(this.#wheel);
    this.frames = webSocket ? new TunnelFrames() : undefined;
  }

  fromServer(bytes: Buffer): this {
    const end = this.frames?.server.scan(bytes, 0, bytes.length) ?? NO_END;
    const passed = this.close.now?.fromServer(bytes.length, end) ?? bytes.length;
    if (passed > 0) this.client.write(payloadOf(bytes, passed));
    this.close.now?.settle();
    return this;
  }

  fromClient(bytes: Buffer): this {
    const end = this.frames?.client.scan(bytes, 0, bytes.length) ?? NO_END;
    const passed = this.close.now?.fromClient(bytes.length, end) ?? bytes.length;
    if (passed > 0) this.server.write(payloadOf(bytes, passed));
    this.close.now?.settle();
    return this;
  }

  begin(): this {
    const { client, server, frames, silence } = this;
    const tunnel = { client, server, frames, silence, wheel: this.#wheel };
    this.close.now = new TunnelClose(1012, tunnel);
    this.close.now.begin();
    return this;
  }

  cut(): this {
    const { client, server, frames, silence } = this;
    const tunnel = { client, server, frames, silence, wheel: this.#wheel };
    this.close.now ??= new TunnelClose(1012, tunnel);
    this.close.now.cut();
    return this;
  }

  late(): this {
    this.close.now?.onDeadline();
    return this;
  }

  get told(): { client: string[]; server: string[] } {
    return { client: this.client.told, server: this.server.told };
  }
}

/** Bytes as the recorders show them: hex, but Close frames as they are. */
function payloadOf(bytes: Buffer, end: number): string {
  return bytes[0] === 0x88 ? bytes.toString("latin1", 0, end) : bytes.toString("hex", 0, end);
}

const hex = (...deps: readonly Buffer[]): string => Buffer.concat(deps).toString("hex");
const begun = frameBytes({ opcode: TEXT, isLast: false, payload: Buffer.from("be") });
const rest = frameBytes({ opcode: 0, isLast: true, payload: Buffer.from("gun") });
const whole = textFrame("whole");
const asked = textFrame("asked", MASK);

describe("closeFrame()", () => {
  test("is a server's frame without a mask and a client's with one", () => {
    expect(Buffer.from(closeFrame(1012), "latin1")).toEqual(closeBytes(1012));
    expect(Buffer.from(closeFrame(1001, MASK), "latin1")).toEqual(closeBytes(1001, MASK));
  });
});

describe("TunnelClose", () => {
  test("tells the client between messages, then passes only the client's, to its Close", () => {
    const tunnel = new TestTunnel().begin();
    tunnel.fromServer(whole).fromClient(asked).fromClient(closeBytes(1012, MASK)).fromClient(asked);
    expect(tunnel.told).toEqual({
      client: ["close 1012"],
      server: [hex(asked), "masked close 1012"],
    });
    // The server answers: the handshake is done, and both sides end.
    tunnel.fromServer(closeBytes(1012));
    expect([tunnel.client.told.at(-1), tunnel.server.told.at(-1)]).toEqual(["FIN", "FIN"]);
  });

  test("ends a message that is under way first, and drops what begins after it", () => {
    const tunnel = new TestTunnel().fromServer(begun).begin();
    expect(tunnel.close.now?.waitsForMessage).toBe(true);
    tunnel.fromServer(frameBytes({ opcode: 9, isLast: true, payload: Buffer.from("ping") }));
    expect(tunnel.client.told).toHaveLength(2);
    tunnel.fromServer(Buffer.concat([rest, whole, begun]));
    expect(tunnel.client.told.slice(2)).toEqual([hex(rest, whole), "close 1012"]);
    expect(tunnel.close.now?.waitsForMessage).toBe(false);
  });

  test("ends a frame that is cut anywhere by the reads, header included", () => {
    for (let at = 1; at < whole.length; at += 1) {
      const tunnel = new TestTunnel().fromServer(whole.subarray(0, at)).begin();
      tunnel.fromServer(whole.subarray(at)).fromServer(whole);
      expect(tunnel.client.told).toEqual([
        hex(whole.subarray(0, at)),
        hex(whole.subarray(at)),
        "close 1012",
      ]);
    }
  });

  test("passes on the client's Close to its last byte, and nothing behind it", () => {
    const tunnel = new TestTunnel().begin();
    const close = closeBytes(1012, MASK);
    tunnel.fromClient(Buffer.concat([asked, close, Buffer.from("more")]));
    expect(tunnel.server.told).toEqual([hex(asked, close)]);
  });

  test("answers for a client that does not, and ends both sides", () => {
    const tunnel = new TestTunnel().begin().late();
    expect(tunnel.told).toEqual({
      client: ["close 1012", "FIN"],
      server: ["masked close 1012", "FIN"],
    });
    tunnel.late();
    expect([tunnel.client.told.at(-1), tunnel.server.told.at(-1)]).toEqual(["gone", "gone"]);
  });

  test("answers for a client only when its message is whole, as long as that one goes on", () => {
    const half = asked.subarray(0, 5);
    const tunnel = new TestTunnel().begin().fromClient(half).late();
    expect(tunnel.server.told).toEqual([hex(half)]);
    tunnel.fromClient(Buffer.concat([asked.subarray(5), asked, half]));
    expect(tunnel.server.told.slice(1)).toEqual([
      hex(asked.subarray(5), asked),
      "masked close 1012",
      "FIN",
    ]);
  });

  test("does not put a Close into a message that the client has left lying", () => {
    const half = asked.subarray(0, 5);
    const tunnel = new TestTunnel().fromClient(half).begin().late();
    expect(tunnel.told).toEqual({ client: ["close 1012", "FIN"], server: [hex(half), "FIN"] });
  });

  test.each(["client", "server"] as const)("leaves it to the %s that has begun to close", (who) => {
    const tunnel = new TestTunnel();
    if (who === "client") tunnel.fromClient(closeBytes(1000, MASK)).begin();
    else tunnel.fromServer(closeBytes(1000)).begin();
    if (who === "client") tunnel.fromServer(closeBytes(1000));
    else tunnel.fromClient(closeBytes(1000, MASK));
    expect(tunnel.told).toEqual({ client: ["close 1000"], server: ["masked close 1000"] });
    tunnel.late();
    expect([tunnel.client.told.at(-1), tunnel.server.told.at(-1)]).toEqual(["FIN", "FIN"]);
  });

  test("leaves it to a server whose Close is what was waited for", () => {
    const tunnel = new TestTunnel().fromServer(begun).begin();
    tunnel.fromServer(Buffer.concat([rest, closeBytes(1000)]));
    tunnel.fromClient(closeBytes(1000, MASK));
    expect(tunnel.client.told.slice(1)).toEqual([hex(rest, closeBytes(1000))]);
    expect(tunnel.server.told).toEqual(["masked close 1000"]);
  });

  test("waits for a slow reader however long it takes", () => {
    const tunnel = new TestTunnel().begin();
    tunnel.client.blocked = true;
    tunnel.late().late();
    expect(tunnel.told).toEqual({ client: ["close 1012"], server: [] });
    tunnel.client.blocked = false;
    tunnel.late();
    expect(tunnel.server.told).toEqual(["masked close 1012", "FIN"]);
  });

  test("ends what is no WebSocket by FIN both ways", () => {
    const opaque = new TestTunnel(false).begin();
    expect(opaque.told).toEqual({ client: ["FIN"], server: ["FIN"] });
    const broken = new TestTunnel().fromServer(Buffer.from("garbage")).begin();
    expect(broken.told.server).toEqual(["FIN"]);
    expect(broken.told.client.slice(1)).toEqual(["FIN"]);
    const breaking = new TestTunnel().fromServer(begun).begin().fromServer(begun);
    expect([breaking.client.told.at(-1), breaking.server.told.at(-1)]).toEqual(["FIN", "FIN"]);
  });

  test("waits with another protocol until nothing moves, however often that is looked at", () => {
    const tunnel = new TestTunnel(false);
    tunnel.silence.quietLeftMs = 1_000;
    tunnel.begin().fromClient(Buffer.from("a")).late();
    expect(tunnel.told).toEqual({ client: [], server: ["61"] });
    tunnel.silence.quietLeftMs = 0;
    tunnel.late();
    expect(tunnel.told).toEqual({ client: ["FIN"], server: ["61", "FIN"] });
  });

  test("does not write to a side that has ended", () => {
    const tunnel = new TestTunnel();
    tunnel.server.whole = false;
    tunnel.begin().late().late();
    expect(tunnel.told).toEqual({ client: ["FIN", "gone"], server: ["FIN", "gone"] });
  });

  test("cut() tells whoever is between two messages, and ends at once", () => {
    expect(new TestTunnel().cut().told).toEqual({
      client: ["close 1012", "gone"],
      server: ["masked close 1012", "gone"],
    });
    const half = asked.subarray(0, 5);
    expect(new TestTunnel().fromServer(begun).fromClient(half).begin().cut().told).toEqual({
      client: [hex(begun), "gone"],
      server: [hex(half), "gone"],
    });
    expect(new TestTunnel().begin().cut().client.told).toEqual(["close 1012", "gone"]);
    expect(new TestTunnel(false).cut().told).toEqual({ client: ["reset"], server: ["reset"] });
  });
});
