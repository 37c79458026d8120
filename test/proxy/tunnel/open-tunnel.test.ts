import { describe, expect, test } from "vitest";
import type { HandedTunnel } from "../../../proxy/tunnel/handed-tunnel.ts";
import { adoptTunnel } from "../../../proxy/tunnel/open-tunnel.ts";
import { closeBytes, textFrame } from "../../support/web-socket-frames.ts";
import { TunnelBed } from "./tunnel-fixture.ts";

const ABOUT: HandedTunnel = {
  service: "web",
  version: "v1",
  endpoint: "10.0.0.1:1",
  idleTimeoutMs: 5_000,
  ageMs: 60_000,
  frames: undefined,
};

/** A tunnel that another worker gave away, and what its pool was asked to adopt. */
function adopted(about: HandedTunnel): { bed: TunnelBed; asked: unknown[] } {
  const bed = new TunnelBed();
  const asked: unknown[] = [];
  const handle = { close: () => undefined };
  const adopt = (...args: unknown[]): typeof bed.connection => {
    asked.push(...args);
    return bed.connection;
  };
  const pool = Object.assign(bed.pool, { adopt });
  adoptTunnel(bed.end, { pool, handle, about }, bed.time.wheel);
  expect(asked[0]).toBe(handle);
  return { bed, asked };
}

describe("openTunnel()", () => {
  test("passes on what both sides had read already, before anything that comes next", () => {
    const bed = TunnelBed.open({ fromClient: "early", rest: "behind the 101" });
    bed.client.receive(", late");
    bed.serve(", late");
    expect(bed.server.text).toBe("early, late");
    expect(bed.client.text).toBe("behind the 101, late");
  });

  test("reads the client again, which waited for the answer to its request", () => {
    const bed = new TunnelBed();
    bed.client.pause();
    bed.open();
    expect([bed.client.paused, bed.heard]).toEqual([false, ["became"]]);
  });

  test("passes on the end of a client that has ended already: nobody reports it again", () => {
    const bed = new TunnelBed("bye");
    bed.client.ended = true;
    bed.open();
    expect([bed.server.text, bed.server.done.at(-1)]).toEqual(["bye", "end"]);
  });
});

describe("adoptTunnel()", () => {
  test("takes over the endpoint's connection and counts the tunnel, as old as it is", () => {
    const { bed, asked } = adopted(ABOUT);
    expect([asked[1], bed.counted]).toEqual(["10.0.0.1:1", 1]);
    expect(bed.time.nowMs() - bed.tunnel.sinceMs).toBe(ABOUT.ageMs);
    bed.client.receive("a");
    bed.serve("b");
    expect([bed.server.text, bed.client.text]).toEqual(["a", "b"]);
  });

  test("keeps the idle time that the tunnel was opened with", () => {
    const { bed } = adopted(ABOUT);
    bed.time.advance(ABOUT.idleTimeoutMs + 100);
    expect(bed.client.done.at(-1)).toBe("destroy");
  });

  test("goes on in the middle of a message, which a close does not cut", () => {
    const old = TunnelBed.open({ webSocket: true });
    const whole = textFrame("hello");
    old.serve(whole.subarray(0, 4));
    const about = old.tunnel.giveAway()?.about as HandedTunnel;
    // As between processes: nothing but plain data gets across.
    const { bed } = adopted(structuredClone(about));
    expect(bed.tunnel.isBetweenMessages).toBe(false);
    bed.tunnel.close(1012);
    bed.serve(whole.subarray(4));
    const wanted = Buffer.concat([whole.subarray(4), closeBytes(1012)]);
    expect(bed.client.text).toBe(wanted.toString("latin1"));
  });
});
