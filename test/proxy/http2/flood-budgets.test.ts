import { describe, expect, test } from "vitest";
import { fieldBlock, requestBlock, statusBlock } from "../../../proxy/http2/encode-head.ts";
import { CodecBed } from "./codec-bed.ts";
import { data, fragment, getBlock, headers, ping, rawFrame, reset } from "./raw-frames.ts";
import { settings, windowUpdate } from "./raw-frames.ts";

const POST = requestBlock("POST", "http", "a.example", "/");
const OK = statusBlock(200);
const odd = (at: number): number => 2 * at + 1;

/** The flood `frames(0)`, `frames(1)`, … as far as the connection stands it; how far that was. */
function flood(
  bed: CodecBed,
  count: number,
  frames: (at: number) => readonly Buffer[],
): { readonly came: number; readonly reason: string | undefined } {
  let came = 0;
  while (came < count && !bed.connection.lost) {
    bed.send(...frames(came));
    came += 1;
  }
  return { came, reason: bed.connection.lost ? bed.rejected.at(-1) : undefined };
}

/** Each flood, of what it can be made up at will, and about how much of it passes at once. */
const FLOODS: Readonly<
  Record<string, { readonly most: number; readonly frames: (at: number) => readonly Buffer[] }>
> = {
  "h2-reset-flood": { most: 401, frames: (at) => [headers(odd(at), POST, false), reset(odd(at))] },
  "h2-ping-flood": { most: 201, frames: () => [ping()] },
  "h2-settings-flood": { most: 51, frames: () => [settings([3, 100])] },
  "h2-ignored-frames": { most: 1001, frames: () => [rawFrame(2, 0, 1, "\0\0\0\0\u0001")] },
};

describe("A flood that nothing is earned by ends its connection, calmly", () => {
  test.each(Object.entries(FLOODS))("%s", (reason, { most, frames }) => {
    const bed = CodecBed.begun();
    bed.answers = false;
    const found = flood(bed, 5000, frames);
    expect(found.reason).toBe(reason);
    expect(Math.abs(found.came - most)).toBeLessThanOrEqual(1);
    expect(bed.said().at(-1)).toMatch(/^goAway \d+ ENHANCE_YOUR_CALM$/);
    expect([bed.sink.hasEnded, bed.connection.streams]).toEqual([true, 0]);
  });
});

test.each([
  ["unknown types", rawFrame(0xfa, 0, 0, "x")],
  ["PRIORITY_UPDATE", rawFrame(0x10, 0, 0, "\0\0\0\u0001u=1")],
  ["RST_STREAM of a stream that is closed", reset(1)],
  ["answers to PINGs that nobody has sent", ping("12345678", 1)],
])("A flood of %s counts as frames that are read for nothing", (_, frame) => {
  const bed = CodecBed.begun("server", headers(1));
  expect(flood(bed, 5000, () => [frame]).reason).toBe("h2-ignored-frames");
});

describe("Empty frames end their connection", () => {
  test.each([
    ["DATA", data(1, "")],
    ["DATA with padding", rawFrame(0, 8, 1, "\u0005\0\0\0\0\0")],
  ])("%s", (_, frame) => {
    const bed = CodecBed.begun("server", headers(1, POST, false));
    expect(flood(bed, 5000, () => [frame])).toEqual({ came: 101, reason: "h2-empty-frames" });
  });

  test("HEADERS and CONTINUATION", () => {
    const bed = CodecBed.begun();
    const found = flood(bed, 5000, (at) => [
      fragment(odd(at), "", true),
      fragment(odd(at), getBlock(), false, true),
    ]);
    expect(found).toEqual({ came: 101, reason: "h2-empty-frames" });
  });
});

test("A header block that stays half sent ends its connection", () => {
  const bed = CodecBed.begun("server", rawFrame(4, 1, 0), fragment(1, getBlock(), true));
  expect(bed.wait(10).rejected).toEqual([]);
  expect(bed.wait(1).rejected).toEqual(["h2-continuation-flood"]);
  const kind = CodecBed.begun("server", rawFrame(4, 1, 0), fragment(1, getBlock(), true));
  kind.wait(9).send(fragment(1, "", false, true));
  expect(kind.wait(20).rejected).toEqual([]);
});

describe("CONTINUATION without end ends its connection", () => {
  test.each([
    ["small ones", "x"],
    ["large ones", "x".repeat(16_384)],
  ])("%s", (_, part) => {
    const bed = CodecBed.begun("server", fragment(1, getBlock(), true));
    const found = flood(bed, 5000, () => [fragment(1, part, false)]);
    expect(found.reason).toBe("h2-continuation-flood");
    expect(found.came).toBeLessThanOrEqual(9);
  });
});

test("Resets that a peer provokes count, however it does that (CVE-2025-8671)", () => {
  const provoking: Readonly<Record<string, (id: number) => readonly Buffer[]>> = {
    window: (id) => [headers(id, POST, false), windowUpdate(id, 0)],
    overflow: (id) => [headers(id, POST, false), windowUpdate(id, 2 ** 31 - 1)],
    closed: (id) => [headers(id), data(id, "x")],
    malformed: (id) => [headers(id, `${getBlock()}\0\u0001X\u00011`)],
    length: (id) => [headers(id, POST + fieldBlock("content-length", "1"), false), data(id, "xx")],
    trailers: (id) => [headers(id, POST, false), headers(id, getBlock())],
  };
  for (const [name, frames] of Object.entries(provoking)) {
    const bed = CodecBed.begun();
    bed.answers = false;
    const found = flood(bed, 5000, (at) => frames(odd(at)));
    expect([name, found]).toEqual([name, { came: 201, reason: "h2-provoked-resets" }]);
  }
});

describe("Window updates", () => {
  test("that nothing was sent for end their connection", () => {
    const bed = CodecBed.begun("server", headers(1, POST, false));
    expect(flood(bed, 5000, () => [windowUpdate(0, 1)])).toEqual({
      came: 1001,
      reason: "h2-window-update-flood",
    });
  });

  test("of one byte each, to be sent as much for, end it, too", () => {
    const bed = CodecBed.begun("server", settings([4, 1]));
    bed.answers = false;
    bed.send(headers(1));
    bed.streams[0]?.stream?.sendHead(OK, false);
    bed.streams[0]?.stream?.send("x".repeat(10_000), true);
    bed.turn();
    const found = flood(bed, 5000, () => [windowUpdate(1, 1)]);
    expect([found.reason, found.came < 1100]).toEqual(["h2-window-update-flood", true]);
  });

  test("for messages of a few bytes, two for each, go on for ever", () => {
    const bed = CodecBed.begun();
    bed.answers = false;
    bed.send(headers(1, POST, false));
    const stream = bed.streams[0]?.stream;
    stream?.sendHead(OK, false);
    const found = flood(bed, 20_000, () => {
      stream?.send("x".repeat(10), false);
      bed.turn();
      return [windowUpdate(1, 10), windowUpdate(0, 10)];
    });
    expect(found.reason).toBeUndefined();
  });
});

describe("What honest clients do passes", () => {
  test("cancelling every second call, at any rate", () => {
    const bed = CodecBed.begun();
    const found = flood(bed, 20_000, (at) =>
      at % 2 === 0 ? [headers(odd(at))] : [headers(odd(at), POST, false), reset(odd(at))],
    );
    expect(found.reason).toBeUndefined();
  });

  test("cancelling all that is open at once, twice", () => {
    const bed = CodecBed.begun();
    const found = flood(bed, 2, (time) => {
      const ids = Array.from({ length: 200 }, (_, at) => odd(200 * time + at));
      return [...ids.map((id) => headers(id, POST, false)), ...ids.map((id) => reset(id))];
    });
    expect(found.reason).toBeUndefined();
  });

  test("cancelling 50 calls a second and nothing else", () => {
    const bed = CodecBed.begun("server", rawFrame(4, 1, 0));
    const found = flood(bed, 20_000, (at) => {
      if (at % 50 === 49) bed.wait(1);
      return [headers(odd(at), POST, false), reset(odd(at))];
    });
    expect(found.reason).toBeUndefined();
  });

  test("cancelling every stream of answers once it has begun", () => {
    const bed = CodecBed.begun();
    bed.answers = false;
    const found = flood(bed, 5000, (at) => {
      bed.send(headers(odd(at)));
      bed.streams.at(-1)?.stream?.sendHead(OK, false);
      bed.turn();
      return [reset(odd(at))];
    });
    expect(found.reason).toBeUndefined();
  });

  test("streaming on until it hears that its stream was reset", () => {
    const bed = CodecBed.begun("server", headers(1, POST, false));
    bed.streams[0]?.stream?.reset(8);
    bed.streams[0]?.stream?.release();
    expect(flood(bed, 5000, () => [data(1, "x")]).reason).toBeUndefined();
  });

  test("a PING for every piece of data", () => {
    const bed = CodecBed.begun("server", headers(1, POST, false));
    expect(flood(bed, 5000, () => [data(1, "x"), ping()]).reason).toBeUndefined();
  });

  test("a PRIORITY for every request", () => {
    const bed = CodecBed.begun();
    const found = flood(bed, 5000, (at) => [
      headers(odd(at)),
      rawFrame(2, 0, odd(at), "\0\0\0\0\u0001"),
    ]);
    expect(found.reason).toBeUndefined();
  });
});

test("Lists of open streams are bounded together, and more streams refused", () => {
  const bed = CodecBed.begun();
  bed.answers = false;
  // Kept in the peer's table, and referred to: small on the wire.
  const kept = `\u0040\u0001y\u007f\u0081\u001e${"y".repeat(3968)}`;
  bed.send(headers(1, getBlock() + kept, false));
  const block = getBlock() + "\u00be".repeat(7);
  const ids = Array.from({ length: 60 }, (_, at) => odd(at + 1));
  bed.send(...ids.map((id) => headers(id, block, false)));
  expect(new Set(bed.rejected)).toEqual(new Set(["h2-lists-too-large"]));
  expect(bed.said().filter((each) => each.endsWith("REFUSED_STREAM")).length).toBeGreaterThan(10);
  bed.send(reset(3));
  expect(bed.send(headers(999, getBlock(), false)).heard.at(-1)).toBe("GET a.example/");
});

test("A peer that asks and does not read is let go of before its answers fill the memory", () => {
  const bed = CodecBed.begun("server", headers(1, POST, false));
  bed.sink.blocked = true;
  const found = flood(bed, 100_000, () => [data(1, "x"), ping()]);
  expect(found.reason).toBe("h2-answers-unread");
  expect(found.came).toBeLessThan(3000);
});

test("Streams whose window is 0 hold what their sources gave before they were stopped", () => {
  const bed = CodecBed.begun("server", settings([4, 0]));
  bed.answers = false;
  for (let at = 0; at < 200; at += 1) bed.send(headers(odd(at)));
  for (const { stream } of bed.streams) {
    stream?.sendHead(OK, false);
    for (let count = 0; count < 100; count += 1) {
      if (stream?.blocked === false) stream.send("x".repeat(1000), false);
    }
  }
  bed.turn();
  for (const { stream } of bed.streams) expect(stream?.pendingBytes).toBeLessThan(18_000);
});
