import { describe, expect, test } from "vitest";
import { LineQueue, WAITING_BYTES_MAX } from "../../../proxy/access-log/line-queue.ts";
import { textLine } from "./line-fixture.ts";

function textOf(queue: LineQueue): readonly string[] {
  const chunks: string[] = [];
  for (let chunk = queue.take(); chunk !== undefined; chunk = queue.take()) {
    chunks.push(chunk.bytes.toString("latin1", 0, chunk.length));
    queue.recycle(chunk);
  }
  return chunks;
}

describe("LineQueue", () => {
  test("gives whole lines in order, many at once", () => {
    const queue = new LineQueue(true);
    for (const text of ["one\n", "two\n", "three\n"]) expect(queue.add(textLine(text))).toBe(true);
    expect(queue.isRipe).toBe(false);
    expect(textOf(queue)).toEqual(["one\ntwo\nthree\n"]);
    expect(textOf(queue)).toEqual([]);
  });

  test("gives a pipe no more at once than it takes in one piece, but for a longer line", () => {
    const queue = new LineQueue(false);
    const [short, long] = [`${"a".repeat(2_999)}\n`, `${"b".repeat(9_999)}\n`];
    for (const text of [short, short, long, short]) queue.add(textLine(text));
    expect(queue.isRipe).toBe(true);
    expect(textOf(queue)).toEqual([short, short, long, short]);
  });

  test("says no when full, and yes when what waited is gone", () => {
    const queue = new LineQueue(true);
    const text = `${"a".repeat(1_023)}\n`;
    const room = WAITING_BYTES_MAX / text.length;
    for (let count = 0; count < room; count += 1) expect(queue.add(textLine(text))).toBe(true);
    expect(queue.add(textLine(text))).toBe(false);
    const first = queue.take();
    expect(queue.add(textLine(text))).toBe(false);
    if (first !== undefined) queue.recycle(first);
    expect(queue.add(textLine("b\n"))).toBe(true);
    expect(textOf(queue).at(-1)?.endsWith("b\n")).toBe(true);
  });
});
