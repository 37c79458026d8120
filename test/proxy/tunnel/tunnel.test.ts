import { describe, expect, test } from "vitest";
import { TUNNEL_OUTCOMES } from "../../../proxy/metrics/stats.ts";
import type { TunnelOutcome } from "../../../proxy/metrics/stats.ts";
import { closeBytes, frameBytes, TEXT, textFrame } from "../../support/web-socket-frames.ts";
import { TunnelBed } from "./tunnel-fixture.ts";

/*
 * Goal: what a tunnel does with each thing that happens at one of its ends. Method: both ends are
 * fakes that do what the test says; time stands still until the test turns it.
 */

const IDLE_MS = 5_000;
const BROKEN = new Error("read ECONNRESET");

const latin1 = (bytes: Buffer): string => bytes.toString("latin1");

/** Both sides of an orderly end, the client's first. */
function endBoth({ client, server, connection }: TunnelBed): void {
  client.handler.onEnd();
  connection.user?.onUpstreamEnd();
  client.handler.onClose(undefined);
  connection.user?.onUpstreamClosed(undefined);
  expect([client.done.includes("end"), server.done.includes("end")]).toEqual([true, true]);
}

describe("Tunnel", () => {
  test("passes bytes both ways unchanged, in order", () => {
    const bed = TunnelBed.open();
    bed.client.receive("a\0\u00ff");
    bed.serve("b");
    bed.client.receive("c");
    expect([bed.server.text, bed.client.text]).toEqual(["a\0\u00ffc", "b"]);
  });

  test("has the kernel look for peers that vanished without a word, on both sides", () => {
    const { client, server } = TunnelBed.open();
    expect([client.done, server.done].map((done) => done.includes("probe 60000"))).toEqual([
      true,
      true,
    ]);
  });

  test.each(["client", "server"] as const)("stops the sender while the %s is slow", (slow) => {
    const bed = TunnelBed.open();
    const fast = slow === "client" ? bed.server : bed.client;
    bed[slow].blocked = true;
    if (slow === "client") bed.serve("a");
    else bed.client.receive("a");
    expect([fast.paused, bed[slow].paused]).toEqual([true, false]);
    if (slow === "client") bed.client.take();
    else bed.serverTakes();
    expect(fast.paused).toBe(false);
  });

  test("passes one side's end on, and goes on with what the other side still sends", () => {
    const bed = TunnelBed.open();
    bed.client.handler.onEnd();
    expect([bed.server.done.at(-1), bed.client.done.includes("end")]).toEqual(["end", false]);
    bed.serve("the rest");
    expect([bed.client.text, bed.tunnel.gone]).toEqual(["the rest", false]);
  });

  test("is counted until both sides have gone, and tells its client's owner once", () => {
    const bed = TunnelBed.open();
    expect(bed.counted).toBe(1);
    bed.client.handler.onClose(undefined);
    expect([bed.tunnel.gone, bed.counted]).toEqual([false, 1]);
    bed.connection.user?.onUpstreamClosed(undefined);
    expect([bed.tunnel.gone, bed.counted]).toEqual([true, 0]);
    expect(bed.heard).toEqual(["became", "ended"]);
  });

  test.each([
    ["resets the other side when one breaks: half a stream must not look whole", false, "reset"],
    ["destroys it where frames tell that something is missing", true, "destroy"],
  ])("%s", (_name, webSocket, wanted) => {
    const client = TunnelBed.open({ webSocket });
    client.client.handler.onClose(BROKEN);
    expect(client.server.done.at(-1)).toBe(wanted);
    const server = TunnelBed.open({ webSocket });
    server.connection.user?.onUpstreamClosed(BROKEN);
    expect(server.client.done.at(-1)).toBe(wanted);
  });

  test("counts what went through it, both ways", () => {
    const bed = TunnelBed.open({ fromClient: "12", rest: "1" });
    bed.client.receive("345");
    bed.serve("2345678");
    expect(bed.pool.counters.tunnels).toMatchObject({ bytesIn: 5, bytesOut: 8 });
  });

  test.each<[TunnelOutcome, (bed: TunnelBed) => void]>([
    ["ok", () => undefined],
    ["client", ({ client }) => client.handler.onClose(BROKEN)],
    ["endpoint", ({ connection }) => connection.user?.onUpstreamClosed(BROKEN)],
    ["idle", ({ time }) => time.advance(2 * IDLE_MS)],
    ["closed", ({ tunnel }) => tunnel.close(1012)],
    ["denied", ({ tunnel }) => tunnel.cut(1008)],
  ])("counts its end as %s, and how long it lasted", (outcome, end) => {
    const bed = TunnelBed.open({ idleTimeoutMs: IDLE_MS });
    end(bed);
    if (outcome !== "client") bed.client.handler.onClose(undefined);
    if (outcome !== "endpoint") bed.connection.user?.onUpstreamClosed(undefined);
    const { outcomes, durationSumMs } = bed.pool.counters.tunnels.counts();
    expect(TUNNEL_OUTCOMES.filter((_each, index) => outcomes[index] === 1)).toEqual([outcome]);
    expect(durationSumMs).toBe(bed.time.nowMs() - bed.tunnel.sinceMs);
  });

  test("is between messages when nothing has moved for long enough, and nobody is slow", () => {
    const bed = TunnelBed.open({ quietMs: 1_000 });
    bed.time.advance(900);
    bed.serve("a");
    bed.time.advance(900);
    expect(bed.tunnel.isBetweenMessages).toBe(false);
    bed.time.advance(200);
    expect(bed.tunnel.isBetweenMessages).toBe(true);
    bed.client.blocked = true;
    expect(bed.tunnel.isBetweenMessages).toBe(false);
    expect(TunnelBed.open().tunnel.isBetweenMessages).toBe(true);
  });

  test("ends by FIN when it is to close, as soon as it is quiet", () => {
    const bed = TunnelBed.open({ quietMs: 1_000 });
    bed.tunnel.close(1012);
    bed.time.advance(900);
    bed.client.receive("late");
    bed.time.advance(900);
    expect([bed.server.text, bed.client.done.includes("end")]).toEqual(["late", false]);
    bed.time.advance(300);
    expect([bed.client.done.includes("end"), bed.server.done.includes("end")]).toEqual([
      true,
      true,
    ]);
  });

  test("ends after its idle time of silence, and not while a byte moves either way", () => {
    const bed = TunnelBed.open({ idleTimeoutMs: IDLE_MS });
    const moves = [
      () => bed.client.receive("a"),
      () => bed.serve("b"),
      // A slow reader took something of a long answer.
      () => bed.client.take(),
      () => bed.serverTakes(),
    ];
    for (const move of moves) {
      bed.time.advance(IDLE_MS - 1_000);
      move();
    }
    bed.time.advance(IDLE_MS - 1_000);
    expect(bed.client.done).not.toContain("destroy");
    bed.time.advance(1_100);
    expect([bed.client.done.at(-1), bed.server.done.at(-1)]).toEqual(["destroy", "destroy"]);
  });

  test("has all the time there is without an idle time, and once it is gone", () => {
    const endless = TunnelBed.open();
    endless.time.advance(100 * IDLE_MS);
    expect(endless.client.done).not.toContain("destroy");
    const gone = TunnelBed.open({ idleTimeoutMs: IDLE_MS });
    endBoth(gone);
    gone.time.advance(2 * IDLE_MS);
    expect(gone.client.done).not.toContain("destroy");
  });
});

test("Tunnel tells whoever keeps a record what became of it", () => {
  const bed = TunnelBed.open({ webSocket: true, rest: "ab" });
  bed.connection.user?.onUpstreamClosed(new Error("reset"));
  bed.client.handler.onClose(undefined);
  expect(bed.records).toEqual([
    {
      protocol: "websocket",
      client: bed.end.peer.address,
      service: "web",
      version: "v1",
      endpoint: "10.0.0.1:1",
      outcome: "endpoint",
      durationMs: 1_000,
      bytesIn: 0,
      bytesOut: 2,
    },
  ]);
});

describe("Tunnel.giveAway()", () => {
  test("gives both connections with what the next worker must know, and counts no more", () => {
    const bed = TunnelBed.open({ idleTimeoutMs: IDLE_MS });
    bed.time.advance(500);
    expect(bed.tunnel.giveAway()).toEqual({
      client: bed.client.handle,
      upstream: bed.server.handle,
      peer: bed.end.peer,
      about: {
        service: "web",
        version: "v1",
        endpoint: "10.0.0.1:1",
        idleTimeoutMs: IDLE_MS,
        ageMs: 1_500,
        frames: undefined,
        quietMs: undefined,
        bytesIn: 0,
        bytesOut: 0,
      },
    });
    expect([bed.counted, bed.heard, bed.tunnel.gone]).toEqual([0, ["became", "ended"], true]);
    bed.time.advance(2 * IDLE_MS);
    expect(bed.client.done).not.toContain("destroy");
  });

  test("says where in a message both directions of a WebSocket stand", () => {
    const bed = TunnelBed.open({ webSocket: true });
    bed.serve(textFrame("hello").subarray(0, 4));
    const frames = bed.tunnel.giveAway()?.about.frames;
    expect(frames?.server).toMatchObject({ opcode: TEXT, payloadLeft: 3 });
    expect(frames?.client).toMatchObject({ headerBytes: 0, payloadLeft: 0 });
  });

  test("waits for a slow reader with its sender stopped, and is offered when all is taken", () => {
    const bed = TunnelBed.open();
    bed.client.blocked = true;
    bed.client.detachable = false;
    bed.serve("a");
    expect(bed.tunnel.giveAway()).toBeUndefined();
    bed.client.detachable = true;
    bed.client.take();
    expect([bed.heard.at(-1), bed.server.paused]).toEqual(["offered", true]);
    expect(bed.tunnel.giveAway()).toBeDefined();
  });

  test("lets both sides go on when asked in vain twice: each may be waiting for the other", () => {
    const bed = TunnelBed.open();
    bed.server.detachable = false;
    bed.server.blocked = true;
    bed.client.receive("a");
    expect([bed.tunnel.giveAway(), bed.tunnel.giveAway()]).toEqual([undefined, undefined]);
    expect([bed.client.paused, bed.heard]).toEqual([true, ["became"]]);
    bed.serverTakes();
    expect([bed.client.paused, bed.heard]).toEqual([false, ["became"]]);
  });

  test.each(["client", "server"] as const)("keeps what is half closed by its %s", (side) => {
    const bed = TunnelBed.open();
    bed[side].whole = false;
    expect(bed.tunnel.giveAway()).toBeUndefined();
    expect(bed.counted).toBe(1);
  });

  test("keeps a tunnel that is being closed", () => {
    const bed = TunnelBed.open({ webSocket: true });
    bed.tunnel.close(1012);
    expect(bed.tunnel.giveAway()).toBeUndefined();
  });
});

describe("Tunnel.close()", () => {
  test("cuts no message of a WebSocket, and passes nothing that comes behind the Close", () => {
    const bed = TunnelBed.open({ webSocket: true });
    const whole = textFrame("hello");
    bed.serve(whole.subarray(0, 4));
    expect(bed.tunnel.isBetweenMessages).toBe(false);
    bed.tunnel.close(1012);
    expect([bed.client.text, bed.tunnel.closing]).toEqual([latin1(whole.subarray(0, 4)), true]);
    bed.serve(Buffer.concat([whole.subarray(4), whole.subarray(0, 3)]));
    bed.serve(whole);
    expect(bed.client.text).toBe(latin1(Buffer.concat([whole, closeBytes(1012)])));
    expect(bed.tunnel.isBetweenMessages).toBe(true);
  });

  test("changes nothing the second time, or on a tunnel that is gone", () => {
    const bed = TunnelBed.open({ webSocket: true });
    bed.tunnel.close(1012);
    bed.tunnel.close(1001);
    expect(bed.client.text).toBe(latin1(closeBytes(1012)));
    const gone = TunnelBed.open();
    endBoth(gone);
    gone.tunnel.close(1012);
    gone.tunnel.cut(1012);
    expect([gone.tunnel.closing, gone.client.done.includes("destroy")]).toEqual([false, false]);
  });

  test("reads both sides again when it had waited to move: a close needs their answers", () => {
    const bed = TunnelBed.open({ webSocket: true });
    bed.server.blocked = true;
    bed.server.detachable = false;
    bed.client.receive(textFrame("a", Buffer.from([1, 2, 3, 4])));
    bed.tunnel.giveAway();
    bed.server.blocked = false;
    bed.tunnel.close(1012);
    expect([bed.client.paused, bed.server.paused]).toEqual([false, false]);
  });

  test("may tell the client of any tunnel that is no WebSocket at any time", () => {
    const bed = TunnelBed.open();
    bed.serve("half of something");
    expect(bed.tunnel.isBetweenMessages).toBe(true);
  });
});

describe("Tunnel.cut()", () => {
  test("ends both sides now, with a Close to a client between two messages", () => {
    const bed = TunnelBed.open({ webSocket: true });
    bed.tunnel.cut(1001);
    expect(bed.client.text).toBe(latin1(closeBytes(1001)));
    expect([bed.client.done.at(-1), bed.server.done.at(-1)]).toEqual(["destroy", "destroy"]);
  });

  test("ends a close that takes too long, and tells nobody twice", () => {
    const bed = TunnelBed.open({ webSocket: true });
    bed.serve(frameBytes({ opcode: TEXT, isLast: false, payload: Buffer.from("be") }));
    bed.tunnel.close(1012);
    bed.tunnel.cut(1001);
    expect(bed.client.text).not.toContain(latin1(closeBytes(1001)));
    expect(bed.client.done.at(-1)).toBe("destroy");
  });
});
