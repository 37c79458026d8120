import { constants } from "node:os";
import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import { TlsReader } from "../../../proxy/transport/tls-reader.ts";

/** A reader over handles that only say what they were told. */
class Bed {
  readonly told: string[] = [];
  /** What a second readStart() of the lower stream answers. */
  below = -constants.errno.EALREADY;
  readonly reader = new TlsReader({
    handler: { onData: (bytes, end) => this.#hear(bytes.toString("latin1", 0, end)) },
    onReadEnded: () => this.told.push("end"),
  });
  /** Called for each read. */
  onRead = (_text: string): void => undefined;

  constructor() {
    const tls = {
      readStart: () => this.told.push("start"),
      readStop: () => this.told.push("stop"),
    };
    this.reader.open(tls as never, { readStart: () => this.below } as never);
  }

  read(text: string): void {
    const buffer = Buffer.from(`${text}???`);
    this.reader.read(buffer, text.length);
    buffer.fill(0);
  }

  #hear(text: string): void {
    this.told.push(text);
    this.onRead(text);
  }
}

test("TlsReader passes on what is read, and the end", () => {
  const bed = new Bed();
  bed.read("a");
  bed.reader.readEnd();
  expect([bed.told, bed.reader.ended]).toEqual([["a", "end"], true]);
});

test("TlsReader keeps what comes while it is paused, and tells it in order", async () => {
  const bed = new Bed();
  bed.reader.pause();
  bed.reader.pause();
  for (const text of ["a", "b"]) bed.read(text);
  bed.reader.readEnd();
  bed.reader.resume();
  // Nothing new may overtake what waits.
  bed.read("c");
  expect(bed.told).toEqual(["stop"]);
  await turn();
  expect([bed.told, bed.reader.ended]).toEqual([["stop", "a", "b", "c", "end"], true]);
  bed.reader.pause();
  bed.reader.resume();
  await turn();
  expect(bed.told.slice(5)).toEqual(["stop"]);
});

test("TlsReader reads on when nothing waits any more, and not before", async () => {
  const bed = new Bed();
  bed.reader.pause();
  bed.reader.resume();
  bed.reader.resume();
  expect(bed.told).toEqual(["stop", "start"]);
  bed.reader.pause();
  bed.read("a");
  bed.reader.resume();
  expect(bed.told.slice(2)).toEqual(["stop"]);
  await turn();
  expect(bed.told.slice(3)).toEqual(["a", "start"]);
});

test("TlsReader stops between two late reads when it is paused again", async () => {
  const bed = new Bed();
  bed.onRead = () => bed.reader.pause();
  bed.reader.pause();
  for (const text of ["a", "b"]) bed.read(text);
  bed.reader.resume();
  await turn();
  expect(bed.told).toEqual(["stop", "a", "stop"]);
  bed.reader.resume();
  await turn();
  expect(bed.told.slice(3)).toEqual(["b", "stop"]);
});

test("TlsReader tells nothing more once it is closed", async () => {
  const bed = new Bed();
  bed.reader.pause();
  bed.read("a");
  bed.reader.readEnd();
  bed.reader.resume();
  bed.reader.close();
  await turn();
  expect([bed.told, bed.reader.ended]).toEqual([["stop"], false]);
});

test("TlsReader.endIsProven unless the lower stream had been stopped by a FIN", () => {
  const proven = new Bed();
  proven.reader.readEnd();
  const cut = new Bed();
  cut.below = 0;
  cut.reader.readEnd();
  // While it is paused nothing is read from the kernel: no FIN can have come.
  const paused = new Bed();
  paused.below = 0;
  paused.reader.pause();
  paused.reader.readEnd();
  expect([proven, cut, paused].map(({ reader }) => reader.endIsProven)).toEqual([
    true,
    false,
    true,
  ]);
  expect(paused.told).toEqual(["stop"]);
});
