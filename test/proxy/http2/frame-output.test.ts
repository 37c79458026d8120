import { describe, expect, test } from "vitest";
import { statusBlock } from "../../../proxy/http2/encode-head.ts";
import { CONTROL_BYTES_MAX, TURN_BYTES_MAX } from "../../../proxy/http2/limits.ts";
import type { Http2Stream } from "../../../proxy/http2/stream.ts";
import { CodecBed } from "./codec-bed.ts";
import { SETTINGS_ACK_FRAME, headers, ping, settings } from "./raw-frames.ts";

/*
 * Goal: what a turn brings goes out as one write, in order, and a peer that does not read makes
 * nothing grow. Method: as connection-frames.test.ts, by the number of writes.
 */

const OK = statusBlock(200);

/** A server with so many streams open, all of whose requests are over. */
function open(count: number): { bed: CodecBed; streams: readonly Http2Stream[] } {
  const bed = CodecBed.begun("server", SETTINGS_ACK_FRAME, settings([4, 1_000_000]));
  bed.answers = false;
  bed.send(...Array.from({ length: count }, (_, at) => headers(2 * at + 1)));
  bed.said();
  bed.sink.writes = 0;
  const streams = bed.streams.flatMap(({ stream }) => (stream === undefined ? [] : [stream]));
  return { bed, streams };
}

describe("FrameOutput", () => {
  test("writes all frames of a turn at once, each stream at its first word", () => {
    const { bed, streams } = open(3);
    const [one, two, three] = streams as [Http2Stream, Http2Stream, Http2Stream];
    two.sendHead(OK, false);
    one.sendHead(OK, true);
    two.send("two", true);
    three.sendHead(OK, true);
    expect(bed.sink.writes).toBe(0);
    expect(bed.turn().said()).toEqual([
      "headers 3",
      "data 3 3 end",
      "headers 1 end",
      "headers 5 end",
    ]);
    expect(bed.sink.writes).toBe(1);
  });

  test("writes before the end of a turn that brings much", () => {
    const { bed, streams } = open(4);
    for (const stream of streams) {
      stream.sendHead(OK, false);
      stream.send("x".repeat(TURN_BYTES_MAX / 2), true);
    }
    expect(
      bed
        .turn()
        .said()
        .filter((each) => each.endsWith("end")),
    ).toHaveLength(4);
    expect(bed.sink.writes).toBeGreaterThan(1);
  });

  test("keeps what waits for a peer that does not read, and tells when it reads again", () => {
    const { bed, streams } = open(1);
    const [stream] = streams as [Http2Stream];
    bed.sink.blocked = true;
    stream.sendHead(OK, false);
    stream.send("body", false);
    expect([stream.blocked, bed.turn().said()]).toEqual([true, []]);
    bed.sink.blocked = false;
    bed.connection.onFlushed();
    expect(bed.said()).toEqual(["headers 1", "data 1 4"]);
    expect(bed.streams[0]?.heard).toEqual(["unblocked"]);
  });

  test("answers a peer that does not read only so often", () => {
    const { bed } = open(0);
    bed.sink.blocked = true;
    // So slowly that there are not too many of them.
    for (let sent = 0; sent <= CONTROL_BYTES_MAX; sent += 10 * ping().length) {
      bed.connection.look((bed.nowMs += 1_000));
      bed.send(...Array.from({ length: 10 }, () => ping()));
    }
    expect(bed.rejected).toEqual(["h2-answers-unread"]);
  });

  test("says nothing more behind its last frames", () => {
    const { bed, streams } = open(1);
    bed.connection.close();
    streams[0]?.sendHead(OK, true);
    expect([bed.turn().said(), bed.sink.hasEnded]).toEqual([["goAway 1 NO_ERROR"], true]);
  });
});
