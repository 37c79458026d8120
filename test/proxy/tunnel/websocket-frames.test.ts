import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FrameScanner, NO_END } from "../../../proxy/tunnel/websocket-frames.ts";
import type { FrameSender } from "../../../proxy/tunnel/websocket-frames.ts";
import {
  closeBytes,
  CONTINUATION,
  frameBytes,
  PING,
  TEXT,
  textFrame,
} from "../../support/web-socket-frames.ts";

/*
 * Goal: the scanner knows where messages end whatever is in them and however the bytes are split.
 * Method: streams made of frames, whose boundaries the maker knows, cut at random places.
 */

const MASK = Buffer.from([0x12, 0x34, 0x56, 0x78]);

/** A stream and the offsets at which no message is under way, without 0. */
type Stream = { readonly bytes: Buffer; readonly boundaries: readonly number[] };

/** Message payloads by fragment; pings stand between fragments. */
type Message = readonly { readonly length: number; readonly pingBefore: boolean }[];

function streamOf(sender: FrameSender, messages: readonly Message[]): Stream {
  const mask = sender === "client" ? { mask: MASK } : {};
  const parts: Buffer[] = [];
  const boundaries: number[] = [];
  let size = 0;
  const add = (bytes: Buffer, isBoundary: boolean): void => {
    parts.push(bytes);
    size += bytes.length;
    if (isBoundary) boundaries.push(size);
  };
  for (const message of messages) {
    message.forEach(({ length, pingBefore }, at) => {
      const payload = Buffer.alloc(length, 0x88);
      const ping = { opcode: PING, isLast: true, payload: Buffer.alloc(length % 126), ...mask };
      if (pingBefore) add(frameBytes(ping), at === 0);
      const isLast = at === message.length - 1;
      const opcode = at === 0 ? TEXT : CONTINUATION;
      add(frameBytes({ opcode, isLast, payload, ...mask }), isLast);
    });
  }
  return { bytes: Buffer.concat(parts), boundaries };
}

const lengths = fc.oneof(fc.integer({ min: 0, max: 300 }), fc.constantFrom(65_535, 65_536));
const messages = fc.array(
  fc.array(fc.record({ length: lengths, pingBefore: fc.boolean() }), {
    minLength: 1,
    maxLength: 4,
  }),
  { minLength: 1, maxLength: 6 },
);
const senders = fc.constantFrom<FrameSender>("client", "server");
const PARAMETERS = { seed: 6455, numRuns: 200 };

function cutsOf(bytes: Buffer, cuts: readonly number[]): number[] {
  const at = cuts.map((cut) => cut % bytes.length);
  return [...new Set([...at, bytes.length])].filter((cut) => cut > 0).toSorted((a, b) => a - b);
}

describe("FrameScanner.scan()", () => {
  test("gives the last boundary of every read, for any split of any messages", () => {
    fc.assert(
      fc.property(
        senders,
        messages,
        fc.array(fc.nat(), { maxLength: 20 }),
        (sender, sent, cuts) => {
          const { bytes, boundaries } = streamOf(sender, sent);
          const scanner = new FrameScanner(sender);
          let from = 0;
          for (const to of cutsOf(bytes, cuts)) {
            const expected = boundaries.findLast((each) => each > from && each <= to) ?? NO_END;
            expect(scanner.scan(bytes, from, to)).toBe(expected);
            expect(scanner.atMessageBoundary).toBe(boundaries.includes(to));
            from = to;
          }
          expect([scanner.valid, scanner.closed]).toEqual([true, false]);
        },
      ),
      PARAMETERS,
    );
  });

  test("goes on in another process from wherever it stood", () => {
    fc.assert(
      fc.property(senders, messages, fc.nat(), (sender, sent, cut) => {
        const { bytes, boundaries } = streamOf(sender, sent);
        const [at = 0] = cutsOf(bytes, [cut]);
        const first = new FrameScanner(sender);
        first.scan(bytes, 0, at);
        const state: unknown = JSON.parse(JSON.stringify(first));
        const second = FrameScanner.from(state as ReturnType<FrameScanner["toJSON"]>);
        expect(second.atMessageBoundary).toBe(boundaries.includes(at));
        const expected = boundaries.findLast((each) => each > at) ?? NO_END;
        expect(second.scan(bytes, at, bytes.length)).toBe(expected);
        first.scan(bytes, at, bytes.length);
        expect(second.toJSON()).toEqual(first.toJSON());
      }),
      PARAMETERS,
    );
  });

  test("skips a payload of terabytes without looking at it", () => {
    const bytes = 2 ** 42;
    const head = Buffer.alloc(10);
    head.set([0x82, 127]);
    head.writeBigUInt64BE(BigInt(bytes), 2);
    const scanner = new FrameScanner("server");
    expect(scanner.scan(head, 0, head.length)).toBe(NO_END);
    // A read that claims to be as long as the payload: whoever looked at it would never end.
    expect(scanner.scan(head, 0, bytes)).toBe(bytes);
    expect(scanner.atMessageBoundary).toBe(true);
  });

  test("sees a Close, inside a fragmented message too, and judges nothing after it", () => {
    const begun = frameBytes({ opcode: TEXT, isLast: false, payload: Buffer.from("a") });
    for (const before of [Buffer.alloc(0), textFrame("whole"), begun]) {
      const scanner = new FrameScanner("server");
      const upToClose = Buffer.concat([before, closeBytes(1000)]);
      const bytes = Buffer.concat([upToClose, Buffer.from("no frame at all")]);
      expect(scanner.scan(bytes, 0, bytes.length)).toBe(upToClose.length);
      expect([scanner.closed, scanner.valid]).toEqual([true, true]);
      expect(scanner.scan(bytes, 0, bytes.length)).toBe(NO_END);
    }
  });

  test.each<readonly [string, FrameSender, readonly number[]]>([
    ["a mask from a server", "server", [0x81, 0x80]],
    ["no mask from a client", "client", [0x81, 0x00]],
    ["a continuation of nothing", "server", [0x80]],
    ["a message inside another", "server", [0x01, 0x00, 0x81]],
    ["a reserved data opcode", "server", [0x83]],
    ["a reserved control opcode", "server", [0x8b]],
    ["a control frame in fragments", "server", [0x09]],
    ["a control frame over 125 bytes", "server", [0x89, 126]],
    ["a length over 2^53", "server", [0x82, 127, 0, 0x20, 0, 0, 0, 0, 0, 1]],
    ["a length with its top bit set", "server", [0x82, 127, 0x80, 0, 0, 0, 0, 0, 0]],
  ])("is not valid any more after %s", (_what, sender, bytes) => {
    const scanner = new FrameScanner(sender);
    scanner.scan(Uint8Array.from(bytes), 0, bytes.length - 1);
    expect(scanner.valid).toBe(true);
    scanner.scan(Uint8Array.from(bytes), bytes.length - 1, bytes.length);
    expect([scanner.valid, scanner.atMessageBoundary]).toEqual([false, false]);
    const text = textFrame("x", sender === "client" ? MASK : undefined);
    expect([scanner.scan(text, 0, text.length), scanner.valid]).toEqual([NO_END, false]);
  });

  test("takes reserved bits and lengths that are longer than they need be", () => {
    const scanner = new FrameScanner("server");
    const bytes = Buffer.from([0xc1, 126, 0, 1, 0x61, 0xc1, 127, 0, 0, 0, 0, 0, 0, 0, 0]);
    expect(scanner.scan(bytes, 0, bytes.length)).toBe(bytes.length);
  });
});
