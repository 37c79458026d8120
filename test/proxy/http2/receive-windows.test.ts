import { expect, test } from "vitest";
import {
  CONNECTION_WINDOW_BYTES,
  STREAM_WINDOW_BYTES,
  WIDE_WINDOW_BYTES,
  WIDENING_BYTES_MAX,
} from "../../../proxy/http2/limits.ts";
import { ReceiveWindow } from "../../../proxy/http2/receive-window.ts";
import { ReceiveWindows } from "../../../proxy/http2/receive-windows.ts";
import type { ReceivingStream } from "../../../proxy/http2/receive-windows.ts";

const MORE = WIDE_WINDOW_BYTES - STREAM_WINDOW_BYTES;
const HALF = STREAM_WINDOW_BYTES / 2;
const WIDE = Math.floor(WIDENING_BYTES_MAX / MORE);

/** A stream whose peer has filled half of its window. */
function halfFull(windows: ReceiveWindows): ReceivingStream {
  const received = new ReceiveWindow(windows.stream);
  received.take(HALF);
  return { received, receiveEnded: false };
}

test("ReceiveWindows widens those that are used, as many as it may, then others", () => {
  const windows = new ReceiveWindows();
  const streams = Array.from({ length: WIDE + 1 }, () => halfFull(windows));
  const told = streams.map((stream) => windows.giveBack(stream, HALF));
  expect(told).toEqual([...Array<number>(WIDE).fill(HALF + MORE), HALF]);
  const [first, last] = [streams[0], streams[WIDE]] as [ReceivingStream, ReceivingStream];
  windows.narrow(first.received);
  // Told twice, it counts once.
  windows.narrow(first.received);
  last.received.take(HALF);
  first.received.take(HALF);
  expect([windows.giveBack(last, HALF), windows.giveBack(first, HALF)]).toEqual([
    HALF + MORE,
    HALF,
  ]);
});

test("ReceiveWindows widens nothing that nothing more can come on", () => {
  const windows = new ReceiveWindows();
  const ended = { ...halfFull(windows), receiveEnded: true };
  expect([windows.giveBack(ended, HALF), ended.received.size]).toEqual([0, STREAM_WINDOW_BYTES]);
});

test("ReceiveWindows goes on with what a peer was told by another process", () => {
  const old = new ReceiveWindows();
  old.restore({ receiveWindow: { left: 1000, owed: 24 } });
  expect([old.stream, old.connection.giveBack(0)]).toEqual([
    WIDE_WINDOW_BYTES,
    CONNECTION_WINDOW_BYTES - 1000,
  ]);
  const next = new ReceiveWindows();
  next.restore(JSON.parse(JSON.stringify(old.toState())));
  expect(next.stream).toBe(WIDE_WINDOW_BYTES);
  const own = new ReceiveWindows();
  own.restore(JSON.parse(JSON.stringify(new ReceiveWindows().toState())));
  expect([own.stream, own.connection.giveBack(0)]).toEqual([STREAM_WINDOW_BYTES, 0]);
});
