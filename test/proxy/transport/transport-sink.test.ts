import { expect, test } from "vitest";
import { TransportSink } from "../../../proxy/transport/transport-sink.ts";
import type { WriteParts } from "../../../proxy/base/write-parts.ts";
import { TEXT_BYTES_MAX } from "../../../proxy/transport/transport.ts";
import type { Flushable, WriteBatch } from "../../../proxy/transport/write-batch.ts";
import type { WireTransport } from "../../../proxy/transport/transport.ts";

/** A transport that writes down what is done with it, and the batch of a turn. */
function bed(): { sink: TransportSink; done: string[]; batch: Flushable[] } {
  const done: string[] = [];
  const batch: Flushable[] = [];
  const note = (what: string) => (): void => void done.push(what);
  const transport = {
    blocked: false,
    write: (text: string) => void done.push(text),
    writer: {
      writeParts: (parts: WriteParts): void => void done.push(`${parts.length / 2} parts`),
    },
    flush: note("flush"),
    pause: note("pause"),
    resume: note("resume"),
    end: note("end"),
  };
  const writes = { add: (each: Flushable) => void batch.push(each) };
  const sink = new TransportSink(
    transport as unknown as WireTransport,
    writes as unknown as WriteBatch,
    note("frames"),
  );
  return { sink, done, batch };
}

test("a TransportSink sends a little text and a few chunks as one text", () => {
  const { sink, done } = bed();
  const chunk = Buffer.from("chunk");
  sink.write("text");
  sink.writeParts(["a", "latin1", chunk, "buffer", "b", "latin1", chunk, "buffer", "c", "latin1"]);
  expect(done).toEqual(["text", "achunkbchunkc"]);
});

test("a TransportSink sends more than that in one write, without a copy", () => {
  const { sink, done } = bed();
  const chunk = Buffer.alloc(TEXT_BYTES_MAX);
  sink.writeParts(["a", "latin1", chunk, "buffer", "b", "latin1", chunk, "buffer"]);
  expect(done).toEqual(["4 parts"]);
});

test("a TransportSink asks for frames at the end of the turn, and they go out at once", () => {
  const { sink, done, batch } = bed();
  sink.flushLater();
  expect([done, batch]).toEqual([[], [sink]]);
  for (const each of batch) each.flush();
  expect(done).toEqual(["frames", "flush"]);
});

test("a TransportSink waits, goes on and ends as its transport does", () => {
  const { sink, done } = bed();
  sink.pause();
  sink.resume();
  sink.end();
  expect([sink.blocked, done]).toEqual([false, ["pause", "resume", "end"]]);
});
