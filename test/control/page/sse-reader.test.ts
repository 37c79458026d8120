import { expect, test } from "vitest";
import { SseReader } from "../../../control/page/sse-reader.ts";

const STREAM =
  ': connected\n\nid: e.1\nevent: shift\ndata: {"a":1}\n\n' +
  "event: stats\r\ndata: one\r\ndata:two\r\n\r\n" +
  "data: plain\n\nid: e.2\n\n";

test("SseReader gives the same events wherever the text is cut", () => {
  const wanted = [
    { name: "shift", data: '{"a":1}', id: "e.1" },
    { name: "stats", data: "one\ntwo", id: undefined },
    { name: "message", data: "plain", id: undefined },
  ];
  expect(new SseReader().feed(STREAM)).toEqual(wanted);
  for (let cut = 0; cut <= STREAM.length; cut += 1) {
    const reader = new SseReader();
    const events = [...reader.feed(STREAM.slice(0, cut)), ...reader.feed(STREAM.slice(cut))];
    expect(events).toEqual(wanted);
  }
});

test("SseReader keeps no line without an end", () => {
  const reader = new SseReader();
  const piece = "x".repeat(1_000_000);
  for (let sent = 0; sent < 4; sent += 1) expect(reader.feed(piece)).toEqual([]);
  expect(() => reader.feed(piece)).toThrow(/lines of at most/);
});
