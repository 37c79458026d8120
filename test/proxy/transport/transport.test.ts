import { once } from "node:events";
import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, onTestFinished, test } from "vitest";
import { ReadBuffers } from "../../../proxy/transport/read-buffers.ts";
import { HandleTransport } from "../../../proxy/transport/handle-transport.ts";
import { acceptTransport } from "../../../proxy/transport/open-transport.ts";
import { TEXT_BYTES_MAX } from "../../../proxy/transport/transport.ts";
import type { ConnectionHandle } from "../../../proxy/base/connection-handle.ts";
import { eventually } from "../../support/eventually.ts";
import {
  acceptedPair,
  codeOf,
  connectedPair,
  KINDS,
  listen,
  Recorder,
  TLS_KINDS,
} from "./transport-fixture.ts";
import type { Kind } from "./transport-fixture.ts";

const [HANDLES] = KINDS as [Kind];
const [TLS] = TLS_KINDS as [Kind];

test("acceptTransport() reads into the shared buffer: Node's streams are known", async () => {
  const recorder = new Recorder();
  const buffers = new ReadBuffers();
  let from: ArrayBufferLike | undefined;
  recorder.onData = (bytes, end) => {
    from = bytes.buffer;
    recorder.text += bytes.toString("latin1", 0, end);
  };
  const { transport, peer } = await acceptedPair(HANDLES, recorder, buffers);
  expect(transport).toBeInstanceOf(HandleTransport);
  peer.write("hello");
  await eventually(() => expect(recorder.text).toBe("hello"));
  expect(from).toBe(buffers.shared.buffer);
});

describe.each([...KINDS, ...TLS_KINDS])("$name", (kind) => {
  test("connect tells that it stands, and reads", async () => {
    const recorder = new Recorder();
    const { peer } = await connectedPair(kind, recorder);
    expect(recorder.told).toEqual(["connect"]);
    peer.write("hello");
    await eventually(() => expect(recorder.text).toBe("hello"));
  });

  test("connect calls nothing back before it returns, then only onClose on a refusal", async () => {
    const recorder = new Recorder();
    const nowhere = { path: "/dev/null/origin.sock" };
    const transport = kind.connect(nowhere, new ReadBuffers(), recorder);
    expect([recorder.told, transport.closed]).toEqual([[], false]);
    await eventually(() => expect(recorder.told).toEqual(["broken ENOTDIR"]));
    expect(transport.closed).toBe(true);
  });

  test("writeParts() sends text and chunks in order, among what else is sent", async () => {
    const { transport, peer } = await acceptedPair(kind, new Recorder());
    const received: Buffer[] = [];
    peer.on("data", (bytes: Buffer) => received.push(bytes));
    const [one, two] = ["1".repeat(40_000), "2".repeat(20_000)];
    const [first, next] = [Buffer.from(one), Buffer.from(two)];
    transport.write("head,");
    transport.writer.writeParts(["a", "latin1", first, "buffer", "b", "latin1", next, "buffer"]);
    transport.writer.writeParts(["c", "latin1", next, "buffer"]);
    transport.write(",tail");
    transport.end();
    await once(peer, "end");
    const text = Buffer.concat(received).toString("latin1");
    expect(text === `head,a${one}b${two}c${two},tail`).toBe(true);
  });

  test("Transport goes on writing after the peer's FIN, and reading after its own", async () => {
    const recorder = new Recorder();
    const { transport, peer } = await acceptedPair(kind, recorder);
    const received: Buffer[] = [];
    peer.on("data", (bytes: Buffer) => received.push(bytes));
    peer.end("question");
    await eventually(() => expect(recorder.told).toEqual(["end"]));
    transport.write("answer");
    await eventually(() => expect(Buffer.concat(received).toString()).toBe("answer"));
    expect([recorder.text, recorder.ends]).toEqual(["question", ["end"]]);
    transport.end();
    await eventually(() => expect(recorder.ends).toEqual(["end", "closed"]));
  });

  test("Transport.write() sends latin1, byte for byte", async () => {
    const { transport, peer } = await acceptedPair(kind);
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
      const { transport, peer } = await acceptedPair(kind, recorder);
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
    const { peer } = await acceptedPair(kind, recorder);
    peer.resetAndDestroy();
    await eventually(() => expect(recorder.told).toEqual(["broken ECONNRESET"]));
  });

  test("Transport.blocked lasts from a write the kernel cannot take until onFlushed", async () => {
    const recorder = new Recorder();
    const { transport, peer } = await acceptedPair(kind, recorder);
    peer.pause();
    transport.write("small");
    // What needs a turn for every write is not blocked for longer than that.
    await eventually(() => expect(transport.blocked).toBe(false));
    const piece = "x".repeat(TEXT_BYTES_MAX);
    let pieces = 0;
    while (!transport.blocked && pieces < 10_000) {
      for (; !transport.blocked && pieces < 10_000; pieces += 1) transport.write(piece);
      await turn();
      await turn();
    }
    expect(transport.blocked).toBe(true);
    recorder.told.length = 0;
    await turn();
    expect(recorder.told).toEqual([]);
    let bytes = 0;
    peer.on("data", (chunk: Buffer) => (bytes += chunk.length)).resume();
    await eventually(() => expect(recorder.told).toEqual(["flushed"]));
    expect(transport.blocked).toBe(false);
    await eventually(() => expect(bytes).toBe("small".length + pieces * piece.length));
  });

  test("Transport.destroy() of one that connects ends in onClose alone", async () => {
    const recorder = new Recorder();
    const port = await listen(() => undefined);
    const transport = kind.connect({ host: "127.0.0.1", port }, new ReadBuffers(), recorder);
    transport.destroy();
    expect([transport.closed, recorder.told]).toEqual([true, []]);
    await eventually(() => expect(recorder.told).toEqual(["closed"]));
  });

  test("Transport.pause() stops reading and the peer's FIN, resume() brings both", async () => {
    const recorder = new Recorder();
    const { transport, peer } = await acceptedPair(kind, recorder);
    peer.write("first");
    await eventually(() => expect(recorder.text).toBe("first"));
    transport.pause();
    await new Promise<void>((resolve) => void peer.end("second", resolve));
    for (let turns = 0; turns < 20; turns += 1) await turn();
    expect([recorder.text, recorder.told, transport.ended]).toEqual(["first", [], false]);
    transport.resume();
    await eventually(() => expect(recorder.told).toEqual(["end"]));
    expect([recorder.text, transport.ended, transport.whole]).toEqual(["firstsecond", true, false]);
  });

  test("Transport.write() to a peer that has reset ends in one onClose with error", async () => {
    const recorder = new Recorder();
    const { transport, peer } = await acceptedPair(kind, recorder);
    transport.pause();
    peer.resetAndDestroy();
    await eventually(() => {
      transport.write("x");
      expect(recorder.told).toHaveLength(1);
    });
    expect(recorder.told[0]).toMatch(/^broken (EPIPE|ECONNRESET)$/);
    transport.write("x");
    transport.end();
    transport.destroy();
    for (let turns = 0; turns < 20; turns += 1) await turn();
    expect([recorder.told.length, transport.closed, transport.whole]).toEqual([1, true, false]);
  });

  test("Transport.end() sends what waits before FIN", async () => {
    const recorder = new Recorder();
    const { transport, peer } = await acceptedPair(kind, recorder);
    peer.pause();
    const piece = "x".repeat(TEXT_BYTES_MAX);
    let pieces = 0;
    for (; !transport.blocked; pieces += 1) transport.write(piece);
    transport.end();
    expect(transport.whole).toBe(false);
    let bytes = 0;
    peer.on("data", (chunk: Buffer) => (bytes += chunk.length)).resume();
    await once(peer, "end");
    expect(bytes).toBe(pieces * piece.length);
    peer.end();
    await eventually(() => expect(recorder.told.at(-1)).toBe("closed"));
  });
});

test.each([
  [HANDLES.name, HANDLES],
  [TLS.name, TLS],
] as const)("%s.lost says that the peer has reset, while nobody reads", async (_, kind) => {
  const recorder = new Recorder();
  const { transport, peer } = await acceptedPair(kind, recorder);
  transport.pause();
  expect(transport.lost).toBe(false);
  peer.resetAndDestroy();
  await eventually(() => expect(transport.lost).toBe(true));
  expect(recorder.told).toEqual([]);
});

describe.each([...KINDS.slice(0, 2), ...TLS_KINDS.slice(0, 2)])(
  "what the peer sent before it refused the rest: $name",
  (kind) => {
    test.each([
      ["a FIN, then a reset", "fin", ["end", "broken EPIPE"]],
      ["a reset", "reset", ["broken ECONNRESET"]],
    ] as const)(
      "is read after a failed write, and %s is told as such",
      async (_name, how, ends) => {
        const recorder = new Recorder();
        const { transport, peer } = await connectedPair(kind, recorder);
        peer.pause();
        transport.pause();
        transport.write("a request that nobody reads");
        transport.flush();
        await new Promise<void>((resolve) => void peer.write("answer", () => resolve()));
        if (how === "fin") await new Promise<void>((resolve) => void peer.end(resolve));
        peer.resetAndDestroy();
        await eventually(() => {
          transport.write("x");
          transport.flush();
          expect(transport.blocked).toBe(true);
        });
        expect([recorder.text, recorder.told, transport.whole]).toEqual(["", ["connect"], false]);
        transport.resume();
        await eventually(() => expect(recorder.told).toEqual(["connect", ...ends]));
        expect([recorder.text, transport.closed]).toEqual(["answer", true]);
      },
    );
  },
);

test("HandleTransport.detach() gives a connection that another one goes on with", async () => {
  const first = new Recorder();
  const second = new Recorder();
  const { transport, peer } = await acceptedPair(HANDLES, first);
  const received: Buffer[] = [];
  peer.on("data", (bytes: Buffer) => received.push(bytes));
  peer.write("one");
  await eventually(() => expect(first.text).toBe("one"));
  const handle = transport.detach();
  expect([transport.closed, transport.detach()]).toEqual([true, undefined]);
  peer.write("two");
  const buffers = new ReadBuffers();
  const heir = acceptTransport(handle as ConnectionHandle, buffers, second);
  onTestFinished(() => heir.destroy());
  await eventually(() => expect(second.text).toBe("two"));
  heir.write("answer");
  await eventually(() => expect(Buffer.concat(received).toString()).toBe("answer"));
  expect([first.text, first.told]).toEqual(["one", []]);
});
