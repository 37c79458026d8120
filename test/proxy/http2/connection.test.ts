import { describe, expect, test } from "vitest";
import { fieldBlock, requestBlock, statusBlock } from "../../../proxy/http2/encode-head.ts";
import { CodecBed, KeptStream } from "./codec-bed.ts";
import { BEGINNING, data, getBlock, headers, ping, rawFrame, reset } from "./raw-frames.ts";
import { goAway, settings } from "./raw-frames.ts";

const POST = requestBlock("POST", "http", "a.example", "/");
const OK = statusBlock(200);

/** A client with a stream that has asked for something, and the stream. */
function asking(block = getBlock(), isHead = false) {
  const bed = CodecBed.begun("client");
  const kept = new KeptStream(() => kept.stream?.release());
  kept.stream = bed.connection.open(kept);
  kept.stream.isHead = isHead;
  kept.stream.sendHead(block, true);
  bed.turn();
  return { bed, kept };
}

describe("A server's connection", () => {
  test("says what it takes, and answers, in one write", () => {
    const bed = new CodecBed("server");
    bed.connection.begin();
    bed.send(BEGINNING, headers(1));
    const beginning = ["settings", "windowUpdate 0 2147418112", "settings ack"];
    expect(bed.said()).toEqual([...beginning, "headers 1 end"]);
    expect(bed.heard).toEqual(["settings", "GET a.example/", "idle"]);
    expect(bed.sink.writes).toBe(1);
  });

  test("answers all streams of a turn in one write, in their order", () => {
    const bed = CodecBed.begun();
    const { writes } = bed.sink;
    bed.send(headers(1), headers(3), headers(5));
    expect(bed.said()).toEqual(["headers 1 end", "headers 3 end", "headers 5 end"]);
    expect(bed.sink.writes).toBe(writes + 1);
  });

  test("gives bodies and trailers to the stream's owner", () => {
    const bed = CodecBed.begun("server", headers(1, POST, false), data(1, "ab"));
    bed.answers = false;
    bed.send(data(1, "c"), headers(1, fieldBlock("x-t", "1")));
    expect(bed.streams[0]).toMatchObject({ body: "abc", heard: ["trailers x-t: 1"] });
  });

  test("puts the end of a message on its last frame", () => {
    const bed = CodecBed.begun();
    bed.answers = false;
    bed.send(headers(1), headers(3), headers(5));
    const [one, two, three] = bed.streams.map(({ stream }) => stream);
    one?.sendHead(OK, false);
    one?.send("ab", false);
    one?.send("c", false);
    one?.end();
    two?.sendHead(OK, false);
    two?.end(fieldBlock("grpc-status", "0"));
    three?.sendHead(OK, false);
    three?.end();
    expect(bed.turn().said()).toEqual([
      "headers 1",
      "data 1 3 end",
      "headers 3",
      "headers 3 end",
      "headers 5 end",
    ]);
  });

  test("sends interim heads before the final one", () => {
    const bed = CodecBed.begun();
    bed.answers = false;
    const [kept] = bed.send(headers(1)).streams;
    kept?.stream?.sendHead(statusBlock(103), false);
    kept?.stream?.sendHead(statusBlock(100), false);
    kept?.stream?.sendHead(OK, true);
    expect(bed.turn().said()).toEqual(["headers 1", "headers 1", "headers 1 end"]);
  });

  test("says that a whole answer makes the rest of its request needless", () => {
    const bed = CodecBed.begun("server", headers(1, POST, false));
    bed.streams[0]?.stream?.sendHead(OK, true);
    bed.streams[0]?.stream?.release();
    expect(bed.turn().said()).toEqual(["headers 1 end", "reset 1 NO_ERROR"]);
    bed.send(data(1, "late"), data(1, "r", true), headers(3));
    expect([bed.said(), bed.rejected]).toEqual([["headers 3 end"], []]);
  });

  test("resets a stream that its owner lets go of before the end", () => {
    const bed = CodecBed.begun("server", headers(1, POST, false));
    bed.streams[0]?.stream?.release();
    expect(bed.turn().said()).toEqual(["reset 1 CANCEL"]);
  });

  test("tells a stream's owner that its client has left, and nothing after that", () => {
    const bed = CodecBed.begun("server", headers(1, POST, false));
    bed.send(reset(1, 8), data(1, "x"));
    expect(bed.streams[0]?.heard).toEqual(["reset 8 by peer"]);
    expect(bed.counts).toMatchObject({ streams: 1, resetsReceived: 1 });
  });

  test("tells its streams' owners that it is gone", () => {
    const bed = CodecBed.begun("server", headers(1, POST, false));
    bed.connection.onClosed();
    expect(bed.streams[0]?.heard).toEqual(["reset 8 by connection"]);
    expect(bed.connection.lost).toBe(true);
  });

  test("refuses a stream that its owner does not want, as one that nothing was done for", () => {
    const bed = CodecBed.begun();
    bed.onStream = () => undefined as never;
    expect(bed.send(headers(1)).said()).toEqual(["reset 1 REFUSED_STREAM"]);
    expect(bed.rejected).toEqual([]);
  });

  test("hands on what is to be answered by a status", () => {
    const bed = CodecBed.begun();
    bed.send(headers(1, getBlock(Array.from({ length: 101 }, () => ["x", "1"] as const))));
    bed.send(headers(3, getBlock([["x", "1".repeat(16_000)]])));
    expect(bed.heard).toContain("GET a.example/ too-many-fields");
  });

  test("uses its stream objects again", () => {
    const bed = CodecBed.begun("server", headers(1), headers(3));
    expect(bed.streams[0]?.stream).not.toBe(bed.streams[1]?.stream);
    bed.send(headers(5));
    const used = bed.streams.map(({ stream }) => stream);
    expect(used.slice(0, 2)).toContain(used[2]);
  });
});

describe("A server's connection that leaves", () => {
  test("asks for no more streams, and names the last once the peer has heard that", () => {
    const bed = CodecBed.begun("server", headers(1));
    bed.said();
    bed.connection.leave();
    bed.connection.leave();
    expect(bed.turn().said()).toEqual(["goAway 2147483647 NO_ERROR", "ping"]);
    expect(bed.send(headers(3)).said()).toEqual(["headers 3 end"]);
    bed.send(ping("sluice-2", 1));
    expect(bed.said()).toEqual(["goAway 3 NO_ERROR"]);
    expect(bed.send(headers(5)).said()).toEqual([]);
    bed.connection.finishLeaving();
    expect(bed.turn().said()).toEqual([]);
    bed.connection.close();
    expect([bed.said(), bed.sink.hasEnded]).toEqual([["goAway 3 NO_ERROR"], true]);
  });

  test("takes what comes too late for no offence, and says nothing else later", () => {
    const bed = CodecBed.begun("server", headers(1));
    bed.connection.finishLeaving();
    bed.turn().said();
    bed.send(headers(3, POST, false), data(3, "abc"), reset(3), headers(5));
    expect([bed.said(), bed.rejected, bed.heard.length]).toEqual([[], [], 3]);
    bed.connection.close();
    expect(bed.said()).toEqual(["goAway 1 NO_ERROR"]);
  });

  test("does not wait for ever for a peer that does not answer", () => {
    const bed = CodecBed.begun("server", headers(1));
    bed.said();
    bed.connection.leave();
    bed.connection.finishLeaving();
    expect(bed.turn().said()).toEqual(["goAway 2147483647 NO_ERROR", "ping", "goAway 1 NO_ERROR"]);
  });
});

test("A connection ends with a peer that does not acknowledge its settings", () => {
  const bed = CodecBed.begun();
  bed.wait(9);
  expect(bed.said()).toEqual([]);
  bed.wait(1);
  expect(bed.said()).toEqual(["goAway 0 SETTINGS_TIMEOUT"]);
  const kind = CodecBed.begun("server", rawFrame(4, 1, 0)).wait(100);
  expect(kind.said()).toEqual([]);
});

test("A connection asks whether its peer is there, one question at a time", () => {
  const bed = CodecBed.begun("client");
  expect([bed.connection.ping(), bed.connection.ping()]).toEqual([true, false]);
  expect(bed.turn().said()).toEqual(["ping"]);
  expect(bed.connection.pingPendingSinceMs).toBe(1000);
  bed.send(ping("sluice-1", 1));
  expect([bed.heard.at(-1), bed.connection.pingPendingSinceMs]).toEqual(["pong", 0]);
});

describe("A client's connection", () => {
  test("begins with the preface, and takes no pushes", () => {
    const bed = new CodecBed("client");
    bed.connection.begin();
    const first = bed.turn().sink.take().toString("latin1");
    expect(first).toMatch(/^PRI \* HTTP\/2\.0\r\n\r\nSM\r\n\r\n/);
    expect(
      bed
        .send(settings(), rawFrame(5, 4, 1, "\0\0\0\u0002"))
        .said()
        .at(-1),
    ).toBe("goAway 0 PROTOCOL_ERROR");
  });

  test("numbers streams in the order of their heads", () => {
    const bed = CodecBed.begun("client");
    const [one, two] = [
      bed.connection.open(new KeptStream()),
      bed.connection.open(new KeptStream()),
    ];
    two.sendHead(getBlock(), true);
    one.sendHead(getBlock(), true);
    expect([one.id, two.id]).toEqual([3, 1]);
    expect(bed.turn().said()).toEqual(["headers 1 end", "headers 3 end"]);
  });

  test("hears of interim heads, the final one, body and trailers", () => {
    const { bed, kept } = asking();
    bed.send(headers(1, statusBlock(103), false), headers(1, OK, false), data(1, "abc"));
    bed.send(headers(1, fieldBlock("grpc-status", "0")));
    expect(kept.heard).toEqual(["interim 103", "head 200", "trailers grpc-status: 0"]);
    expect([kept.body, bed.connection.streams, bed.heard.at(-1)]).toEqual(["abc", 0, "idle"]);
  });

  test.each([
    ["a 1xx that ends", [headers(1, statusBlock(103))]],
    ["DATA before the head", [data(1, "x")]],
    ["a malformed head", [headers(1, "")]],
    [
      "less body than it says",
      [headers(1, OK + fieldBlock("content-length", "3"), false), data(1, "x", true)],
    ],
    ["a body behind 204", [headers(1, statusBlock(204), false), data(1, "x", true)]],
    ["a body behind 304", [headers(1, statusBlock(304), false), data(1, "x", true)]],
  ])("resets a stream for %s", (_, frames) => {
    const { bed, kept } = asking();
    bed.send(...frames);
    expect(kept.heard.at(-1)).toBe("reset 1 by codec");
    expect(bed.said().at(-1)).toBe("reset 1 PROTOCOL_ERROR");
  });

  test("takes the length of a body that HEAD does not bring", () => {
    const { bed, kept } = asking(getBlock(), true);
    bed.send(headers(1, OK + fieldBlock("content-length", "3")));
    expect(kept.heard).toEqual(["head 200 end"]);
  });

  test("tells streams that the peer has not looked at from those that it has", () => {
    const { bed, kept } = asking();
    const other = new KeptStream();
    other.stream = bed.connection.open(other);
    other.stream.sendHead(getBlock(), true);
    bed.turn().send(goAway(1));
    expect([kept.heard, other.heard]).toEqual([[], ["reset 7 by unprocessed"]]);
    expect([bed.connection.usable, bed.connection.room]).toEqual([false, 0]);
    bed.send(headers(1, OK));
    expect(kept.heard).toEqual(["head 200 end"]);
  });

  test("tells REFUSED_STREAM from other resets", () => {
    for (const [code, heard] of [
      [7, "reset 7 by unprocessed"],
      [2, "reset 2 by peer"],
    ] as const) {
      const { bed, kept } = asking();
      bed.send(reset(1, code));
      expect(kept.heard).toEqual([heard]);
    }
  });

  test("has room for as many streams as the peer says", () => {
    const bed = CodecBed.begun("client", settings([3, 1]));
    expect(bed.connection.room).toBe(1);
    const kept = new KeptStream(() => kept.stream?.release());
    kept.stream = bed.connection.open(kept);
    expect(bed.connection.room).toBe(0);
    kept.stream.sendHead(getBlock(), true);
    bed.turn().send(headers(1, OK));
    expect([bed.connection.room, bed.heard.slice(-2)]).toEqual([1, ["room", "idle"]]);
  });

  test("sends nothing for a stream that ends before its head is out", () => {
    const bed = CodecBed.begun("client");
    const kept = new KeptStream();
    kept.stream = bed.connection.open(kept);
    kept.stream.sendHead(getBlock(), true);
    kept.stream.reset(8);
    kept.stream.release();
    bed.connection.open(kept).release();
    expect([bed.turn().said(), bed.connection.streams]).toEqual([[], 0]);
  });

  test("takes an even stream, or one that it has not begun, for an offence", () => {
    for (const id of [2, 5]) {
      const { bed } = asking();
      expect(bed.send(headers(id, OK)).said().at(-1)).toBe("goAway 0 PROTOCOL_ERROR");
    }
  });
});
