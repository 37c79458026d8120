import { createHash } from "node:crypto";
import { once } from "node:events";
import type { Socket } from "node:net";
import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, onTestFinished, test } from "vitest";
import { seededRandom } from "../../../proxy/base/random.ts";
import { ReadBuffers } from "../../../proxy/transport/read-buffers.ts";
import { TEXT_BYTES_MAX } from "../../../proxy/transport/transport.ts";
import type { WireTransport, TransportHandler } from "../../../proxy/transport/transport.ts";
import { eventually } from "../../support/eventually.ts";
import { connectedPair, KINDS, listen, Recorder, TLS_KINDS } from "./transport-fixture.ts";
import type { Kind } from "./transport-fixture.ts";

/** Passes on what arrives at one transport to another, as an exchange does. */
class Relay implements TransportHandler {
  source: WireTransport | undefined;
  sink: WireTransport | undefined;
  /** Goes before every chunk. */
  readonly head: string;
  /** Chunks that were too large to be copied as text. */
  bulkChunks = 0;
  waits = 0;
  /** The longest piece that is passed on at once. */
  sliceBytes = Infinity;
  readonly #shared: Buffer;

  constructor(head: string, { shared }: ReadBuffers) {
    this.head = head;
    this.#shared = shared;
  }

  onConnect(): void {}
  onData(bytes: Buffer, end: number): void {
    const { source, sink } = this as { source: WireTransport; sink: WireTransport };
    if (end > TEXT_BYTES_MAX) this.bulkChunks += 1;
    for (let start = 0; start < end; start += this.sliceBytes) {
      sink.relay(source, this.head, bytes, start, Math.min(end, start + this.sliceBytes));
    }
    // What the next read of any other transport does.
    if (bytes === this.#shared) bytes.fill(0xee);
    if (!sink.blocked) return;
    this.waits += 1;
    source.pause();
  }
  onEnd(): void {
    this.sink?.end();
  }
  onFlushed(): void {
    this.source?.resume();
  }
  onClose(): void {
    this.sink?.destroy();
  }
}

/** The transport on the other side of a relay: it only says when to go on. */
class SinkHandler implements TransportHandler {
  readonly relay: Relay;
  constructor(relay: Relay) {
    this.relay = relay;
  }
  onConnect(): void {}
  onData(): void {}
  onEnd(): void {}
  onFlushed(): void {
    this.relay.onFlushed();
  }
  onClose(): void {}
}

/** A peer whose bytes go to the relay. */
async function sourceOf(kind: Kind, relay: Relay, buffers: ReadBuffers): Promise<Socket> {
  const source = Promise.withResolvers<void>();
  const port = await listen((socket) => {
    relay.source = kind.accept(socket, buffers, relay);
    source.resolve();
  }, true);
  const from = await kind.dial(port);
  await source.promise;
  onTestFinished(() => relay.source?.destroy());
  return from;
}

/** Which transports a relay is between. */
type Kinds = { readonly name: string; readonly source: Kind; readonly sink: Kind };

/** A relay between two peers, all of whose transports share `buffers`. */
async function relayed(
  { source, sink: sinkKind }: Kinds,
  buffers: ReadBuffers,
  head = "",
): Promise<{ readonly relay: Relay; readonly from: Socket; readonly to: Socket }> {
  const relay = new Relay(head, buffers);
  const sink = await connectedPair(sinkKind, new SinkHandler(relay), buffers);
  relay.sink = sink.transport;
  sink.peer.pause();
  const from = await sourceOf(source, relay, buffers);
  return { relay, from, to: sink.peer };
}

/** Bytes that repeat nowhere near: a chunk in the wrong place shows. */
function noise(seed: number, byteCount: number): Buffer {
  const words = new Uint32Array(byteCount / 4);
  const random = seededRandom(seed);
  for (let at = 0; at < words.length; at += 1) words[at] = random.next() * 2 ** 32;
  return Buffer.from(words.buffer);
}

/** Sends all of it in pieces of these sizes in turn, each in a turn of its own, then FIN. */
async function send(to: Socket, bytes: Buffer, pieceBytes: readonly number[]): Promise<void> {
  let at = 0;
  for (let piece = 0; at < bytes.length; piece += 1) {
    const end = at + (pieceBytes[piece % pieceBytes.length] as number);
    if (!to.write(bytes.subarray(at, end))) await once(to, "drain");
    await turn();
    at = end;
  }
  to.end();
}

/** Reads until FIN, with pauses: the sender is blocked again and again. */
async function receive(from: Socket): Promise<Buffer> {
  const received: Buffer[] = [];
  for await (const chunk of from as AsyncIterable<Buffer>) {
    received.push(chunk);
    if (received.length % 16 === 0) for (let turns = 0; turns < 20; turns += 1) await turn();
  }
  return Buffer.concat(received);
}

function digest(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}

const [HANDLES] = KINDS as [Kind];
const [TLS, BUSY_TLS] = TLS_KINDS as [Kind, Kind];
const PAIRS: readonly Kinds[] = [
  ...[...KINDS, TLS].map((kind) => ({ name: kind.name, source: kind, sink: kind })),
  { name: "HandleTransport to TlsTransport", source: HANDLES, sink: BUSY_TLS },
  { name: "TlsTransport to HandleTransport", source: BUSY_TLS, sink: HANDLES },
];
const SMALL = [1, 700, 4_096, 16_000];
const LARGE = [256 * 1024];
const MIXED = [...LARGE, 100, 64 * 1024, 3_000, 20_000];

describe.each(PAIRS)("$name", (kind) => {
  test.each([
    ["small", 10_000],
    ["large", Infinity],
  ])("Transport.relay() keeps %s chunks as they are under back-pressure", async (_, sliceBytes) => {
    const { relay, from, to } = await relayed(kind, new ReadBuffers());
    relay.sliceBytes = sliceBytes;
    const sent = noise(3, 12 * 1024 * 1024);
    const sending = send(from, sent, LARGE);
    await eventually(() => expect(relay.waits).toBeGreaterThan(0));
    const received = await receive(to);
    await sending;
    expect(received.length).toBe(sent.length);
    expect(digest(received)).toBe(digest(sent));
    expect(relay.waits).toBeGreaterThan(1);
  });

  test.each([
    ["small", SMALL],
    ["small and large", MIXED],
  ])("Transport.relay() keeps %s chunks in turn as they are", async (_, sizes) => {
    const { from, to } = await relayed(kind, new ReadBuffers());
    const sent = noise(4, 4 * 1024 * 1024);
    const [received] = await Promise.all([receive(to), send(from, sent, sizes)]);
    expect(digest(received)).toBe(digest(sent));
  });

  test("Transport.relay() of many at once over the same buffers mixes nothing up", async () => {
    const buffers = new ReadBuffers();
    const sizes = [SMALL, LARGE, MIXED, [16_384, 16_385], MIXED, LARGE];
    const equal = await Promise.all(
      sizes.map(async (pieceBytes, seed) => {
        const { from, to } = await relayed(kind, buffers);
        const sent = noise(seed, 2 * 1024 * 1024);
        const [received] = await Promise.all([receive(to), send(from, sent, pieceBytes)]);
        return digest(received) === digest(sent);
      }),
    );
    expect(equal).toEqual(sizes.map(() => true));
  });

  test.each([["small"], ["large"]])(
    "Transport.relay() sends the head before a %s chunk",
    async (size) => {
      const { relay, from, to } = await relayed(kind, new ReadBuffers(), "HEAD\r\n");
      const sent = noise(9, size === "small" ? 4_096 : 1024 * 1024);
      const sending = send(from, sent, [sent.length]);
      const received = await receive(to);
      await sending;
      const pieces = received.toString("latin1").split("HEAD\r\n");
      expect(pieces[0]).toBe("");
      expect(digest(Buffer.from(pieces.join(""), "latin1"))).toBe(digest(sent));
      // What OpenSSL decrypts at once fits.
      const isDecrypted = kind.source.name.startsWith("Tls");
      expect(relay.bulkChunks > 0).toBe(size === "large" && !isDecrypted);
    },
  );
});

/** A source in the middle of bulk, whose next chunk is on its way and not read yet. */
async function pausedInBulk(
  buffers: ReadBuffers,
  next: Buffer,
): Promise<{
  readonly source: WireTransport;
  readonly goOn: (sink: WireTransport) => Promise<Buffer>;
}> {
  const open = await connectedPair(HANDLES, new Recorder(), buffers);
  open.peer.resume();
  const chunks: Buffer[] = [];
  let sink = open.transport;
  const relay = new Relay("", buffers);
  relay.onData = (bytes, end) => {
    chunks.push(Buffer.from(bytes.subarray(0, end)));
    sink.relay(relay.source as WireTransport, "", bytes, 0, end);
    relay.source?.pause();
  };
  const from = await sourceOf(HANDLES, relay, buffers);
  from.write(next);
  await eventually(() => expect(chunks.at(0)?.length).toBeGreaterThan(TEXT_BYTES_MAX));
  const goOn = async (to: WireTransport): Promise<Buffer> => {
    sink = to;
    relay.source?.resume();
    return eventually(() => {
      expect(chunks.at(1)?.length).toBeGreaterThan(TEXT_BYTES_MAX);
      return chunks[1] as Buffer;
    });
  };
  return { source: relay.source as WireTransport, goOn };
}

test("WireTransport.releaseBuffer() outside a read hands on no buffer still in use", async () => {
  const buffers = new ReadBuffers();
  const first = await pausedInBulk(buffers, noise(20, 256 * 1024));
  const second = await pausedInBulk(buffers, noise(21, 256 * 1024));
  const slow = await connectedPair(HANDLES, new Recorder(), buffers);
  const other = await connectedPair(HANDLES, new Recorder(), buffers);
  slow.peer.pause();
  let filling = 0;
  for (; !slow.transport.blocked; filling += 1) slow.transport.write("x".repeat(TEXT_BYTES_MAX));
  // As at the end of an exchange: all was taken, and the next one begins with bulk.
  first.source.releaseBuffer(true);
  second.source.releaseBuffer(true);
  const waiting = await first.goOn(slow.transport);
  await second.goOn(other.transport);
  slow.transport.end();
  const received = (await receive(slow.peer)).subarray(filling * TEXT_BYTES_MAX);
  expect(digest(received)).toBe(digest(waiting));
});
