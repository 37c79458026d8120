import { describe, expect, test } from "vitest";
import { fieldBlock, requestBlock, statusBlock } from "../../../proxy/http2/encode-head.ts";
import { STREAMS_MAX } from "../../../proxy/http2/limits.ts";
import { CodecBed, KeptStream } from "./codec-bed.ts";
import { getBlock, headers, reset } from "./raw-frames.ts";

/*
 * Goal: a header block is decoded whatever becomes of it, and becomes the right thing for its
 * stream. Method: a connection without a socket, which is given frames and says what it answers.
 */

const POST = requestBlock("POST", "http", "a.example", "/");
const OK = statusBlock(200);

/** A field that the peer puts into its table, and the same by its number there. */
const ADDED = "\u0040\u0001x\u0001y";
const BY_NUMBER = "\u00be";

/** A server that is given a request, and then trailers that name what the table has. */
function trailersAfter(...frames: readonly Buffer[]): readonly string[] {
  const bed = CodecBed.begun();
  bed.answers = false;
  bed.send(...frames, headers(901, POST, false), headers(901, BY_NUMBER));
  return bed.streams.at(-1)?.heard ?? [];
}

describe("HeadFrames decodes a block for the table's sake", () => {
  const opened = Array.from({ length: STREAMS_MAX - 1 }, (_, at) =>
    headers(2 * at + 1, POST, false),
  );
  test.each([
    ["of a request that is answered", [headers(1, getBlock() + ADDED)]],
    ["of a malformed request", [headers(1, ADDED)]],
    ["of a stream that is half closed", [headers(1), headers(1, ADDED)]],
    [
      "of a stream that was reset for its trailers",
      [headers(1, POST, false), headers(1, ADDED, false)],
    ],
    [
      "that comes late, for a stream that was reset",
      [headers(1, POST, false), headers(1, POST, false), headers(1, ADDED)],
    ],
    [
      "of one stream too many",
      [...opened, headers(801, POST, false), headers(803, POST + ADDED, false), reset(1)],
    ],
  ])("%s", (_, frames) => {
    expect(trailersAfter(...frames)).toEqual(["trailers x: y"]);
  });

  test("that comes after the last stream that is taken", () => {
    const bed = CodecBed.begun("server", headers(1, POST, false));
    bed.connection.finishLeaving();
    bed.turn().send(headers(3, getBlock() + ADDED), headers(3));
    bed.send(headers(1, BY_NUMBER));
    expect(bed.streams.map(({ heard }) => heard)).toEqual([["trailers x: y"]]);
    expect(bed.rejected).toEqual([]);
  });
});

describe("HeadFrames of a closed stream", () => {
  test.each([
    [
      "ignores what the peer had sent before it knew",
      [headers(1, POST, false), headers(1, POST, false)],
      1,
      undefined,
    ],
    ["refuses more behind the peer's own end", [headers(1)], 1, "h2-stream-closed"],
    [
      "refuses more behind the peer's own reset",
      [headers(1, POST, false), reset(1)],
      1,
      "h2-stream-closed",
    ],
    ["refuses a number that was left out", [headers(5)], 3, "h2-stream-id"],
  ] as const)("%s", (_, frames, id, reason) => {
    const bed = CodecBed.begun("server", ...frames);
    const before = bed.rejected.length;
    bed.send(headers(id));
    expect(bed.rejected.slice(before)).toEqual(reason === undefined ? [] : [reason]);
    expect(bed.sink.hasEnded).toBe(reason !== undefined);
  });
});

describe("HeadFrames of a response", () => {
  /** What a client's stream hears of these heads. */
  function heardOf(isHead: boolean, ...frames: readonly Buffer[]): readonly string[] {
    const bed = CodecBed.begun("client");
    const kept = new KeptStream();
    kept.stream = bed.connection.open(kept);
    kept.stream.isHead = isHead;
    kept.stream.sendHead(getBlock(), true);
    bed.turn().send(...frames);
    return kept.heard;
  }

  const three = fieldBlock("content-length", "3");
  const broken = "reset 1 by codec";

  test.each([
    ["a length that its end belies", false, OK + three, broken],
    ["no length", false, OK, "head 200 end"],
    ["the length of what HEAD does not bring", true, OK + three, "head 200 end"],
    ["the length of what 304 does not bring", false, statusBlock(304) + three, "head 304 end"],
    ["a 1xx, with which nothing ends", false, statusBlock(103), broken],
  ])("that ends: %s", (_, isHead, block, heard) => {
    expect(heardOf(isHead, headers(1, block))).toEqual([heard]);
  });

  test("takes any number of 1xx, then one final head, then trailers that end", () => {
    const early = headers(1, statusBlock(103), false);
    const heard = heardOf(false, early, early, headers(1, OK, false), headers(1, OK, false));
    expect(heard).toEqual(["interim 103", "interim 103", "head 200", broken]);
  });
});

test("HeadFrames refuses a request that ends and says that it has a body", () => {
  const bed = CodecBed.begun();
  bed.send(headers(1, POST + fieldBlock("content-length", "1")));
  bed.send(headers(3, POST + fieldBlock("content-length", "0")));
  expect([bed.rejected, bed.heard.filter((each) => each.startsWith("POST"))]).toEqual([
    ["h2-content-length"],
    ["POST a.example/"],
  ]);
});

test("HeadFrames refuses trailers that are none of a message's", () => {
  const bed = CodecBed.begun("server", headers(1, POST, false), headers(1, statusBlock(200)));
  expect(bed.streams[0]?.heard).toEqual(["reset 1 by codec"]);
});

test("HeadFrames refuses one stream too many, and takes the next once there is room", () => {
  const bed = CodecBed.begun();
  bed.answers = false;
  for (let at = 0; at < STREAMS_MAX; at += 1) bed.send(headers(2 * at + 1, POST, false));
  expect(bed.said()).toEqual([]);
  expect(bed.send(headers(801)).said()).toEqual(["reset 801 REFUSED_STREAM"]);
  bed.send(reset(1), headers(803));
  expect([bed.said(), bed.rejected]).toEqual([[], ["h2-too-many-streams"]]);
});
