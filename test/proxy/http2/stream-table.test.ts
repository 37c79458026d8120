import { describe, expect, test } from "vitest";
import type { Http2Role } from "../../../proxy/http2/settings.ts";
import { StreamTable } from "../../../proxy/http2/stream-table.ts";
import type { Http2Stream, StreamHost } from "../../../proxy/http2/stream.ts";

const ignore = (): void => undefined;

const host: StreamHost = {
  isBlocked: false,
  streamWindow: 10,
  begin: ignore,
  touch: ignore,
  sendNow: ignore,
  sendBulk: () => 0,
  resetByOwner: ignore,
  credit: ignore,
  released: ignore,
};

function tableOf(role: Http2Role): StreamTable {
  return new StreamTable(role, host);
}

/** A stream that has ended, and that nobody holds any more. */
function ended(table: StreamTable, id: number): Http2Stream {
  const stream = table.take(id, 0);
  table.close(stream);
  stream.release();
  return stream;
}

describe("StreamTable.isIdle()", () => {
  test("of a server: all above the client's last number, and all even ones", () => {
    const table = tableOf("server");
    expect(table.isIdle(1)).toBe(true);
    table.beginPeer(5);
    expect([1, 3, 5, 7].map((id) => table.isIdle(id))).toEqual([false, false, false, true]);
    expect([2, 4, 6].map((id) => table.isIdle(id))).toEqual([true, true, true]);
  });

  test("of a client: all that it has not numbered, and all even ones", () => {
    const table = tableOf("client");
    expect(table.isIdle(1)).toBe(true);
    for (let begun = 0; begun < 2; begun += 1) table.number(table.take(0, 0));
    expect([1, 2, 3, 4, 5].map((id) => table.isIdle(id))).toEqual([false, true, false, true, true]);
  });
});

test("StreamTable.wasSkipped() knows the numbers that were left out last, and no others", () => {
  const table = tableOf("server");
  table.beginPeer(1);
  table.beginPeer(3);
  expect([1, 3, 5].some((id) => table.wasSkipped(id))).toBe(false);
  table.beginPeer(9);
  expect([3, 5, 7, 9].map((id) => table.wasSkipped(id))).toEqual([false, true, true, false]);
  table.beginPeer(11);
  expect(table.wasSkipped(7)).toBe(true);
  table.beginPeer(15);
  expect([7, 11, 13, 15].map((id) => table.wasSkipped(id))).toEqual([false, false, true, false]);
});

test("StreamTable counts a client's streams before and after they have numbers", () => {
  const table = tableOf("client");
  const [first, second, dropped] = [table.take(0, 7), table.take(0, 7), table.take(0, 7)];
  expect([table.count, table.open.size, first.sendWindow]).toEqual([3, 0, 7]);
  table.close(dropped);
  table.number(second);
  table.number(first);
  expect([...table.open.values()]).toEqual([second, first]);
  expect([table.open.get(1), table.open.get(3)]).toEqual([second, first]);
  expect([table.count, table.unbegun.size]).toEqual([2, 0]);
  table.close(second);
  expect([...table.open.values()]).toEqual([first]);
  expect([table.open.get(1), second.isClosed]).toEqual([undefined, true]);
});

describe("StreamTable.recycle()", () => {
  test.each([
    ["open", (stream: Http2Stream) => (stream.isClosed = false)],
    ["held by its owner", (stream: Http2Stream) => (stream.isReleased = false)],
    ["in the list of what is sent", (stream: Http2Stream) => (stream.isTouched = true)],
    ["waiting for a window", (stream: Http2Stream) => (stream.isStarved = true)],
  ])("leaves a stream alone that is %s", (_, change) => {
    const table = tableOf("server");
    const stream = ended(table, 1);
    change(stream);
    table.recycle(stream);
    expect(table.take(3, 0)).not.toBe(stream);
  });

  test("gives an object back once, however often it is called", () => {
    const table = tableOf("server");
    const stream = ended(table, 1);
    table.recycle(stream);
    table.recycle(stream);
    const again = table.take(3, 9);
    expect(again).toBe(stream);
    expect([again.id, again.sendWindow, again.isClosed]).toEqual([3, 9, false]);
    expect(table.take(5, 0)).not.toBe(stream);
  });

  test("keeps no more objects than a few, however many have been open", () => {
    const table = tableOf("server");
    const all = Array.from({ length: 40 }, (_, at) => ended(table, 2 * at + 1));
    for (const stream of all) table.recycle(stream);
    const taken = all.map((_, at) => table.take(2 * at + 101, 0));
    expect(taken.filter((stream) => all.includes(stream))).toHaveLength(32);
  });
});
