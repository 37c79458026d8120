import { expect, test } from "vitest";
import { ReadBuffers } from "../../../proxy/transport/read-buffers.ts";
import { ReadMemory } from "../../../proxy/transport/read-memory.ts";

function fresh(): { readonly buffers: ReadBuffers; readonly memory: ReadMemory } {
  const buffers = new ReadBuffers();
  return { buffers, memory: new ReadMemory(buffers) };
}

/** One read that keeps what it got. Gives what was kept, and where the next read goes to. */
function readAndKeep(memory: ReadMemory, text: string): readonly [Buffer, Buffer | undefined] {
  const bytes = memory.beginRead();
  const end = bytes.write(text, "latin1");
  return [memory.keep(bytes, 0, end), memory.endRead()];
}

test("ReadMemory is the shared memory until something must be kept", () => {
  const { buffers, memory } = fresh();
  expect(memory.current).toBe(buffers.shared);
  expect([memory.beginRead(), memory.endRead()]).toEqual([buffers.shared, undefined]);
});

test("ReadMemory.keep() copies once, and from then on reads go to where they stay", () => {
  const { buffers, memory } = fresh();
  const [kept, next] = readAndKeep(memory, "one");
  buffers.shared.fill("x");
  expect(kept.toString("latin1")).toBe("one");
  expect(next?.buffer).toBe(kept.buffer);
  const [again, same] = readAndKeep(memory, "two");
  expect([again.buffer, same]).toEqual([kept.buffer, undefined]);
});

test("ReadMemory.release() during a read gives the buffer back when all of it is taken", () => {
  for (const taken of [true, false]) {
    const { buffers, memory } = fresh();
    const [kept] = readAndKeep(memory, "one");
    memory.beginRead();
    memory.release(taken);
    expect(memory.endRead()).toBe(buffers.shared);
    expect(buffers.borrow().buffer === kept.buffer).toBe(taken);
  }
});

test("ReadMemory.release() outside of a read gives nothing back: the system reads into it", () => {
  const { buffers, memory } = fresh();
  const [kept] = readAndKeep(memory, "one");
  memory.release(true);
  expect(buffers.borrow().buffer).not.toBe(kept.buffer);
  memory.beginRead();
  expect(memory.endRead()).toBe(buffers.shared);
});
