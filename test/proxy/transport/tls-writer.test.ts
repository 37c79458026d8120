import { describe, expect, test } from "vitest";
import { streamHandles } from "../../../proxy/transport/stream-handles.ts";
import { TlsWriter } from "../../../proxy/transport/tls-writer.ts";
import type { ByteSource } from "../../../proxy/transport/transport.ts";
import type { Flushable } from "../../../proxy/transport/write-batch.ts";

type Request = { writeStatus: number | null; oncomplete: ((status: number) => void) | null };

const { streamBaseState, kLastWriteErr } = streamHandles as NonNullable<typeof streamHandles>;

const EPIPE = -32;
const ECONNRESET = -104;

/** A writer over a TLSWrap whose writes end when the test says so. */
class Bed {
  /** What was written, and done, in order. */
  readonly sent: string[] = [];
  readonly told: string[] = [];
  readonly below = { writeQueueSize: 0 };
  readonly batch = {
    waits: false,
    waiting: [] as Flushable[],
    add: (each: Flushable): void => void this.batch.waiting.push(each),
  };
  /** What the next write ends with at once; below 0: an error. */
  refusal = 0;
  #request: Request | undefined;
  #shutdown: { oncomplete: (() => void) | null } | undefined;
  /** What shutdown() answers. */
  shutdownRefusal = 0;
  readonly writer = new TlsWriter(this.batch as never, {
    onWritten: () => this.told.push("written"),
    onWriteEnded: () => this.told.push("ended"),
    onWriteFailed: (errno) => this.told.push(`failed ${errno}`),
  });

  constructor() {
    const tls = {
      writeLatin1String: (_: null, text: string) => this.#write(text),
      writeBuffer: (_: null, bytes: Buffer) => this.#write(bytes.toString("latin1")),
      writev: (_: null, parts: (string | Buffer)[]) =>
        this.#write(parts.filter((_each, at) => at % 2 === 0).join("+")),
      shutdown: (request: { oncomplete: (() => void) | null }) => {
        this.sent.push("FIN");
        this.#shutdown = request;
        return this.shutdownRefusal;
      },
    };
    this.writer.open(tls as never, this.below as never);
  }

  /** The write under way ends, by a call if the writer wants one. */
  done(status = 0): void {
    const request = this.#request;
    if (request === undefined) throw new Error("nothing is under way");
    this.#request = undefined;
    request.writeStatus = status;
    request.oncomplete?.(status);
  }

  /** The FIN is out. */
  finDone(): void {
    this.#shutdown?.oncomplete?.();
  }

  relay(head: string, body: string): string[] {
    const done: string[] = [];
    const source = { releaseBuffer: (taken: boolean) => done.push(`release ${taken}`) };
    const bytes = Buffer.from(`<${body}>`, "latin1");
    this.writer.relay(source as unknown as ByteSource, head, bytes, 1, body.length + 1);
    return done;
  }

  #write(text: string): Request | number {
    if (this.#request !== undefined) throw new Error("a second write would end the process");
    if (this.refusal < 0) return this.refusal;
    streamBaseState[kLastWriteErr] = 0;
    this.sent.push(text);
    this.#request = { writeStatus: null, oncomplete: null };
    return this.#request;
  }
}

const LARGE = "x".repeat(16 * 1024 + 1);

describe("TlsWriter.write()", () => {
  test("writes at once, and what comes before the end of that in one piece behind it", () => {
    const bed = new Bed();
    for (const text of ["a", "", "b", "c"]) bed.writer.write(text);
    expect(bed.sent).toEqual(["a"]);
    bed.done();
    expect(bed.sent).toEqual(["a", "bc"]);
    expect([bed.writer.blocked, bed.told]).toEqual([false, []]);
  });

  test("asks whether the last one is over instead of being called", () => {
    const bed = new Bed();
    bed.writer.write("a");
    bed.done();
    bed.writer.write("b");
    expect(bed.sent).toEqual(["a", "b"]);
  });

  test("waits for the end of a busy turn, but not with more than one record's text", () => {
    const bed = new Bed();
    bed.batch.waits = true;
    for (const text of ["a", "b"]) bed.writer.write(text);
    expect([bed.sent, bed.batch.waiting]).toEqual([[], [bed.writer]]);
    bed.writer.write(LARGE);
    expect(bed.sent).toEqual(["ab"]);
    bed.writer.flush();
    bed.done();
    expect(bed.sent).toEqual(["ab", LARGE]);
  });

  test("is blocked while the kernel has no room, and says when it has", () => {
    const bed = new Bed();
    bed.below.writeQueueSize = 1;
    bed.writer.write("a");
    expect(bed.writer.blocked).toBe(true);
    bed.below.writeQueueSize = 0;
    bed.done();
    expect([bed.writer.blocked, bed.told]).toEqual([false, ["written"]]);
  });

  test("is blocked while 64 KiB wait behind a write", () => {
    const bed = new Bed();
    bed.writer.write("a");
    bed.writer.write("b".repeat(64 * 1024));
    expect(bed.writer.blocked).toBe(false);
    bed.writer.write("c");
    expect(bed.writer.blocked).toBe(true);
    bed.done();
    expect([bed.sent.length, bed.told]).toEqual([2, ["written"]]);
  });
});

describe("TlsWriter.relay()", () => {
  test("sends a small body as text with its head", () => {
    const bed = new Bed();
    expect(bed.relay("head ", "body")).toEqual(["release true"]);
    expect(bed.sent).toEqual(["head body"]);
  });

  test("sends a large one as it is, one a turn", () => {
    const bed = new Bed();
    expect(bed.relay("head", LARGE)).toEqual(["release true"]);
    expect([bed.sent, bed.writer.blocked]).toEqual([[`head+${LARGE}`], true]);
    bed.done();
    expect(bed.told).toEqual(["written"]);
    bed.relay("", LARGE);
    expect(bed.sent.at(-1)).toBe(LARGE);
  });

  test("sends a large one behind what waits for the end of the turn", () => {
    const bed = new Bed();
    bed.batch.waits = true;
    bed.writer.write("a");
    bed.relay("", LARGE);
    expect(bed.sent).toEqual(["a"]);
    bed.done();
    expect(bed.sent).toEqual(["a", LARGE]);
  });

  test("sends a large one behind what is held back and what is under way", () => {
    const bed = new Bed();
    bed.writer.write("a");
    bed.writer.write("b");
    expect(bed.relay("head ", LARGE)).toEqual(["release true"]);
    expect([bed.sent, bed.writer.blocked]).toEqual([["a"], true]);
    bed.done();
    expect([bed.sent, bed.told]).toEqual([["a", `bhead ${LARGE}`], ["written"]]);
  });
});

describe("TlsWriter.writeParts()", () => {
  const parts = ["head", "latin1", Buffer.from("body"), "buffer", "next", "latin1"];

  test("sends them as they are behind what is held back, once a turn", () => {
    const bed = new Bed();
    bed.writer.writeParts(parts);
    expect([bed.sent, bed.writer.blocked]).toEqual([["head+body+next"], true]);
    bed.done();
    expect(bed.told).toEqual(["written"]);
  });

  test("sends them as text behind a write that is under way", () => {
    const bed = new Bed();
    bed.writer.write("a");
    bed.writer.writeParts(parts);
    expect([bed.sent, bed.writer.blocked]).toEqual([["a"], true]);
    bed.done();
    expect(bed.sent).toEqual(["a", "headbodynext"]);
  });

  test("drops them after the end", () => {
    const bed = new Bed();
    bed.writer.close();
    bed.writer.writeParts(parts);
    expect([bed.sent, bed.writer.blocked]).toEqual([[], false]);
  });
});

describe("TlsWriter.end()", () => {
  test("sends what waits, then FIN once, and says when that is out", () => {
    const bed = new Bed();
    bed.writer.write("a");
    bed.writer.write("b");
    bed.writer.end();
    bed.writer.end();
    expect([bed.sent, bed.writer.whole]).toEqual([["a"], false]);
    bed.done();
    bed.done();
    expect(bed.sent).toEqual(["a", "b", "FIN"]);
    expect([bed.writer.ended, bed.told]).toEqual([false, []]);
    bed.writer.end();
    expect(bed.sent.at(-2)).toBe("b");
    bed.finDone();
    expect([bed.writer.ended, bed.told]).toEqual([true, ["ended"]]);
  });

  test("is over at once when the peer has just gone", () => {
    const bed = new Bed();
    bed.shutdownRefusal = -107;
    bed.writer.end();
    expect([bed.writer.ended, bed.told]).toEqual([true, ["ended"]]);
  });
});

describe("A TlsWriter whose write fails", () => {
  test.each([
    ["at once", EPIPE, false],
    ["at once", ECONNRESET, true],
  ])("%s with %i tells so once, and takes nothing more", (_, errno, wasReset) => {
    const bed = new Bed();
    bed.refusal = errno;
    for (const text of ["a", "b"]) bed.writer.write(text);
    bed.writer.end();
    expect(bed.told).toEqual([`failed ${errno}`]);
    expect([bed.writer.failed, bed.writer.wasReset, bed.writer.blocked]).toEqual([
      true,
      wasReset,
      true,
    ]);
  });

  test.each([
    ["asked", (bed: Bed) => bed.writer.write("b")],
    ["called", (bed: Bed) => bed.writer.flush()],
  ])("later says so when it is %s", (_, act) => {
    const bed = new Bed();
    bed.writer.write("a");
    bed.writer.write("b");
    bed.done(ECONNRESET);
    act(bed);
    expect([bed.told, bed.sent]).toEqual([[`failed ${ECONNRESET}`], ["a"]]);
  });
});

test("A closed TlsWriter writes nothing, and tells nothing of what was under way", () => {
  const bed = new Bed();
  bed.below.writeQueueSize = 1;
  bed.writer.write("a");
  bed.writer.write("b");
  bed.writer.close();
  bed.done(ECONNRESET);
  bed.writer.write("c");
  expect(bed.relay("", LARGE)).toEqual([]);
  bed.writer.end();
  expect([bed.sent, bed.told]).toEqual([["a"], []]);
});
