import { describe, expect, test } from "vitest";
import type { FrameHead } from "../../../proxy/http2/frame-reader.ts";
import { FrameFlag, FrameType } from "../../../proxy/http2/frames.ts";
import { HeaderBlocks } from "../../../proxy/http2/header-blocks.ts";
import {
  BLOCK_BYTES_MAX,
  CONTINUATIONS_MAX,
  FRAME_BYTES_MAX,
} from "../../../proxy/http2/limits.ts";
import { uint32 } from "./raw-frames.ts";

const { endStream: END, endHeaders: WHOLE, padded: PADDED, priority: PRIORITY } = FrameFlag;

/** Gives it a frame in the middle of other bytes. Returns why that ends the connection. */
function give(
  blocks: HeaderBlocks,
  type: "headers" | "continuation",
  flags: number,
  payload: string,
): string | undefined {
  const bytes = Buffer.from(`>>${payload}<<`, "latin1");
  const to = bytes.length - 2;
  const head: FrameHead = { length: payload.length, type: FrameType[type], flags, stream: 5 };
  if (type === "headers") return blocks.begin(head, bytes, 2, to)?.reason;
  return blocks.go(head, bytes, 2, to)?.reason;
}

function blockOf({ bytes, from, to }: HeaderBlocks): string {
  return bytes.toString("latin1", from, to);
}

describe("HeaderBlocks.begin()", () => {
  test.each([
    ["plain", WHOLE, "block", "block"],
    ["padded", WHOLE | PADDED, "\u0003block\0\0\0", "block"],
    ["nothing but padding", WHOLE | PADDED, "\u0003\0\0\0", ""],
    ["with a priority", WHOLE | PRIORITY, `${uint32(3)}\u0010block`, "block"],
    ["with both", WHOLE | PADDED | PRIORITY, `\u0001${uint32(3)}\u0010block\0`, "block"],
  ])("takes out the block: %s", (_, flags, payload, block) => {
    const blocks = new HeaderBlocks();
    expect(give(blocks, "headers", flags, payload)).toBeUndefined();
    expect(blockOf(blocks)).toBe(block);
    expect([blocks.isWhole, blocks.isOpen, blocks.stream]).toEqual([true, false, 5]);
    expect([blocks.endsStream, blocks.wasEmpty]).toEqual([false, block === ""]);
  });

  test.each([
    ["no room for the length of its padding", PADDED, "", "h2-frame-size"],
    ["no room for its priority", PRIORITY, "\0\0\0\u0003", "h2-frame-size"],
    ["no room for both", PADDED | PRIORITY, "\0\0\0\0\u0003", "h2-frame-size"],
    ["more padding than payload", PADDED, "\u0004abc", "h2-padding-invalid"],
    [
      "padding in its priority",
      PADDED | PRIORITY,
      "\u0001\0\0\0\u0003\u0010",
      "h2-padding-invalid",
    ],
    ["itself as its parent", PRIORITY, `${uint32(5)}\u0010`, "h2-stream-depends-on-itself"],
    [
      "itself as its exclusive parent",
      PRIORITY,
      `${uint32(0x8000_0005)}\u0010`,
      "h2-stream-depends-on-itself",
    ],
  ])("refuses a frame with %s", (_, flags, payload, reason) => {
    expect(give(new HeaderBlocks(), "headers", WHOLE | flags, payload)).toBe(reason);
  });
});

describe("HeaderBlocks.go()", () => {
  test("puts pieces together that outlive the bytes they came in", () => {
    const blocks = new HeaderBlocks();
    const bytes = Buffer.from("one,", "latin1");
    const head: FrameHead = { length: 4, type: FrameType.headers, flags: END, stream: 5 };
    blocks.begin(head, bytes, 0, bytes.length);
    bytes.fill("x");
    expect([blocks.isWhole, blocks.isOpen, blocks.endsStream]).toEqual([false, true, true]);
    give(blocks, "continuation", 0, "two,");
    give(blocks, "continuation", WHOLE, "three");
    expect([blockOf(blocks), blocks.isWhole, blocks.isOpen]).toEqual([
      "one,two,three",
      true,
      false,
    ]);
    expect([blocks.endsStream, blocks.wasEmpty]).toEqual([true, false]);
  });

  test("says that a frame added nothing", () => {
    const blocks = new HeaderBlocks();
    give(blocks, "headers", 0, "one");
    give(blocks, "continuation", 0, "");
    expect([blocks.wasEmpty, blockOf(blocks)]).toEqual([true, "one"]);
  });

  test("takes so many frames and no more, for each block anew", () => {
    const blocks = new HeaderBlocks();
    for (let block = 0; block < 2; block += 1) {
      give(blocks, "headers", 0, "a");
      for (let more = 0; more < CONTINUATIONS_MAX; more += 1) {
        expect(give(blocks, "continuation", 0, "b")).toBeUndefined();
      }
    }
    expect(give(blocks, "continuation", WHOLE, "c")).toBe("h2-continuation-flood");
  });

  test("takes a block of just the longest length", () => {
    const frames = BLOCK_BYTES_MAX / FRAME_BYTES_MAX;
    expect(frames - 1).toBeLessThan(CONTINUATIONS_MAX);
    const full = "a".repeat(FRAME_BYTES_MAX);
    const blocks = new HeaderBlocks();
    give(blocks, "headers", 0, full);
    for (let more = 1; more < frames; more += 1) {
      expect(give(blocks, "continuation", 0, full)).toBeUndefined();
    }
    expect(give(blocks, "continuation", 0, "a")).toBe("h2-continuation-flood");
  });
});

test("HeaderBlocks.allows() within a block its rest alone, and no rest of nothing", () => {
  const blocks = new HeaderBlocks();
  const allowed = (): readonly boolean[] =>
    [
      { type: FrameType.continuation, stream: 5 },
      { type: FrameType.continuation, stream: 7 },
      { type: FrameType.headers, stream: 5 },
      { type: FrameType.ping, stream: 0 },
    ].map((head) => blocks.allows({ ...head, length: 0, flags: 0 }));
  expect(allowed()).toEqual([false, false, true, true]);
  give(blocks, "headers", 0, "a");
  expect(allowed()).toEqual([true, false, false, false]);
  give(blocks, "continuation", WHOLE, "b");
  expect(allowed()).toEqual([false, false, true, true]);
  blocks.clear();
  expect([blocks.isWhole, blocks.bytes.length]).toEqual([false, 0]);
});
