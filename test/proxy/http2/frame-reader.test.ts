import { expect, test } from "vitest";
import { FrameReader } from "../../../proxy/http2/frame-reader.ts";
import type { FrameConsumer, FrameHead } from "../../../proxy/http2/frame-reader.ts";
import { data, padded, ping, rawFrame } from "./raw-frames.ts";

/** Writes down what it is given; takes no frame of the type `refused`. */
class Noting implements FrameConsumer {
  readonly heard: string[] = [];
  refused = -1;

  takes(head: FrameHead): boolean {
    return head.type !== this.refused;
  }

  onFrame(head: FrameHead, bytes: Buffer, from: number, to: number): undefined {
    this.heard.push(`${head.type} ${head.stream} ${bytes.toString("latin1", from, to)}`);
  }

  onDataHead(head: FrameHead, padding: number): undefined {
    this.heard.push(`data ${head.stream} ${head.length} ${padding}`);
  }

  onData(bytes: Buffer, from: number, to: number, isLast: boolean): void {
    this.heard.push(`${bytes.toString("latin1", from, to)}${isLast ? "." : ""}`);
  }
}

/** A reader without a preface, what it has found, and a way to give it bytes. */
function reading() {
  const noting = new Noting();
  const reader = new FrameReader(noting, false);
  const read = (bytes: Buffer) => reader.read(bytes, 0, bytes.length)?.reason;
  return { noting, reader, read };
}

test("FrameReader passes DATA on as it comes, without its padding", () => {
  const { noting, read } = reading();
  const bytes = padded(0, 1, "abcd", 3);
  for (const [from, to] of [
    [0, 4],
    [4, 12],
    [12, 15],
    [15, 17],
  ] as const) {
    read(bytes.subarray(from, to));
  }
  read(data(3, ""));
  expect(noting.heard).toEqual(["data 1 8 4", "ab", "cd.", "data 3 0 0", "."]);
});

test("FrameReader waits for the whole of other frames", () => {
  const { noting, reader, read } = reading();
  const bytes = Buffer.concat([ping("12345678"), rawFrame(9, 0, 1, "abc")]);
  for (const byte of bytes) read(Buffer.from([byte]));
  expect(noting.heard).toEqual(["6 0 12345678", "9 1 abc"]);
  read(bytes.subarray(0, 5));
  expect(reader.unread).toEqual(bytes.subarray(0, 5));
});

test("FrameReader puts aside what is not taken, with all behind it, and goes on with it", () => {
  const { noting, reader, read } = reading();
  noting.refused = 9;
  read(Buffer.concat([ping("12345678"), rawFrame(9, 0, 1, "abc"), ping("abcdefgh")]));
  read(ping("ABCDEFGH"));
  expect([noting.heard, reader.isHeld]).toEqual([["6 0 12345678"], true]);
  expect(reader.unread?.length).toBe(12 + 17 + 17);
  noting.refused = -1;
  reader.resume();
  expect(noting.heard.slice(1)).toEqual(["9 1 abc", "6 0 abcdefgh", "6 0 ABCDEFGH"]);
  expect([reader.isHeld, reader.unread?.length]).toEqual([false, 0]);
});

test("FrameReader stands in the middle of a frame while its body has not come", () => {
  const { reader, read } = reading();
  read(data(1, "abc").subarray(0, 10));
  expect(reader.unread).toBeUndefined();
});

test("FrameReader refuses frames that are too long before it has them", () => {
  expect(reading().read(rawFrame(0x20, 0, 0, "x".repeat(16_385)).subarray(0, 9))).toBe(
    "h2-frame-size",
  );
});
