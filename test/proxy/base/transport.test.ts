import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import { ReadBuffers } from "../../../proxy/base/read-buffers.ts";
import { TEXT_BYTES_MAX, Transport } from "../../../proxy/base/transport.ts";
import { eventually } from "../../support/eventually.ts";
import { acceptedPair, codeOf, connectedPair, Recorder } from "./transport-fixture.ts";

test("Transport reads accepted sockets through fixed buffers: this Node still takes `handle`", async () => {
  const recorder = new Recorder();
  const buffers = new ReadBuffers();
  let from: ArrayBufferLike | undefined;
  recorder.onData = (bytes, end) => {
    from = bytes.buffer;
    recorder.text += bytes.toString("latin1", 0, end);
  };
  const { transport, peer } = await acceptedPair(recorder, buffers);
  expect(transport.fixedBuffers).toBe(true);
  peer.write("hello");
  await eventually(() => expect(recorder.text).toBe("hello"));
  expect(from).toBe(buffers.shared.buffer);
});

test("Transport.connect() tells that it stands, and reads through fixed buffers", async () => {
  const recorder = new Recorder();
  const { transport, peer } = await connectedPair(recorder);
  await eventually(() => expect(recorder.told).toEqual(["connect"]));
  expect(transport.fixedBuffers).toBe(true);
  peer.write("hello");
  await eventually(() => expect(recorder.text).toBe("hello"));
});

test("Transport.connect() calls nothing back before it returns, then only onClose on a refusal", async () => {
  const recorder = new Recorder();
  const nowhere = { path: "/dev/null/origin.sock" };
  const transport = Transport.connect(nowhere, new ReadBuffers(), recorder);
  expect([recorder.told, transport.closed]).toEqual([[], false]);
  await eventually(() => expect(recorder.told).toEqual(["broken ENOTDIR"]));
  expect(transport.closed).toBe(true);
});

test("Transport goes on writing after the peer's FIN, and reading after its own", async () => {
  const recorder = new Recorder();
  const { transport, peer } = await acceptedPair(recorder);
  const received: Buffer[] = [];
  peer.on("data", (bytes: Buffer) => received.push(bytes));
  peer.end("question");
  await eventually(() => expect(recorder.told).toEqual(["end"]));
  transport.write("answer");
  await eventually(() => expect(Buffer.concat(received).toString()).toBe("answer"));
  expect([recorder.text, recorder.told]).toEqual(["question", ["end"]]);
  transport.end();
  await eventually(() => expect(recorder.told).toEqual(["end", "closed"]));
});

test("Transport.write() sends latin1, byte for byte", async () => {
  const { transport, peer } = await acceptedPair();
  const all = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
  const received: Buffer[] = [];
  peer.on("data", (bytes: Buffer) => received.push(bytes));
  transport.write(all.toString("latin1"));
  await eventually(() => expect(Buffer.concat(received).equals(all)).toBe(true));
});

test("Transport.reset() resets the connection, destroy() does not", async () => {
  const ends: string[] = [];
  for (const how of ["reset", "destroy"] as const) {
    const recorder = new Recorder();
    const { transport, peer } = await acceptedPair(recorder);
    peer.on("error", (error) => ends.push(codeOf(error)));
    peer.on("end", () => ends.push("fin")).resume();
    transport[how]();
    await eventually(() => expect(recorder.told).toEqual(["closed"]));
    await eventually(() => expect(ends).toHaveLength(how === "reset" ? 1 : 2));
  }
  expect(ends).toEqual(["ECONNRESET", "fin"]);
});

test("Transport.onClose gets the error when the peer resets", async () => {
  const recorder = new Recorder();
  const { peer } = await acceptedPair(recorder);
  peer.resetAndDestroy();
  await eventually(() => expect(recorder.told).toEqual(["broken ECONNRESET"]));
});

test("Transport.blocked lasts from a write that the kernel does not take until onFlushed", async () => {
  const recorder = new Recorder();
  const { transport, peer } = await acceptedPair(recorder);
  peer.pause();
  transport.write("small");
  expect(transport.blocked).toBe(false);
  const piece = "x".repeat(TEXT_BYTES_MAX);
  let pieces = 0;
  for (; !transport.blocked && pieces < 10_000; pieces += 1) transport.write(piece);
  expect(transport.blocked).toBe(true);
  await turn();
  expect(recorder.told).toEqual([]);
  let bytes = 0;
  peer.on("data", (chunk: Buffer) => (bytes += chunk.length)).resume();
  await eventually(() => expect(recorder.told).toEqual(["flushed"]));
  expect(transport.blocked).toBe(false);
  await eventually(() => expect(bytes).toBe("small".length + pieces * piece.length));
});
