import fc from "fast-check";
import { performServerHandshake } from "node:http2";
import type { ServerHttp2Stream } from "node:http2";
import { Duplex } from "node:stream";
import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import { fieldBlock, requestBlock } from "../../../proxy/http2/encode-head.ts";
import { FrameFlag, FrameType } from "../../../proxy/http2/frames.ts";
import { FUZZ_MS, FUZZ_PARAMETERS } from "../../support/fuzz.ts";
import { CodecBed } from "./codec-bed.ts";
import { CONFORMANCE } from "./conformance.ts";
import { BEGINNING, data, getBlock, headers, reset } from "./raw-frames.ts";

/** A request as one side has read it. */
type Reading = { head: string; body: string; hasEnded: boolean };

const POST = requestBlock("POST", "https", "a.example:80", "/a?b");

/** Frames of requests in good order, with tables in use, and those that break rules. */
const CORPUS: readonly Buffer[] = [
  headers(1),
  headers(1, POST, false),
  headers(3, `${POST}\u0040\u0003x-a\u00011${fieldBlock("content-length", "3")}`, false),
  headers(5, `${getBlock()}\u00be`),
  headers(
    7,
    getBlock([
      ["cookie", "a=1"],
      ["te", "trailers"],
      ["cookie", "b=2"],
    ]),
  ),
  headers(9, requestBlock("CONNECT", "https", "a.example", "/chat", "websocket"), false),
  headers(11, requestBlock("OPTIONS", "http", "a.example", "*")),
  data(1, "abc"),
  data(1, "abc", true),
  data(3, "abc", true),
  data(9, "abc"),
  reset(3),
  headers(1, fieldBlock("x-t", "1")),
  ...CONFORMANCE.flatMap(({ frames }) => frames).filter(
    (frame) => frame.length < 2000 && frame[3] !== 7,
  ),
];

/** A byte that is put in the place of another, or before it, or of none. */
const mutation = fc.record({
  kind: fc.constantFrom("replace", "insert", "delete", "bit"),
  at: fc.nat({ max: 2 ** 20 - 1 }),
  byte: fc.integer({ min: 0, max: 255 }),
});

const frames = fc
  .tuple(
    fc.array(fc.constantFrom(...CORPUS), { minLength: 1, maxLength: 12 }),
    fc.oneof(
      { weight: 1, arbitrary: fc.constant([]) },
      { weight: 2, arbitrary: fc.array(mutation, { maxLength: 3 }) },
    ),
  )
  .map(([list, mutations]) => {
    const bytes = Array.from(Buffer.concat(list));
    for (const { kind, at, byte } of mutations) {
      const place = at % Math.max(1, bytes.length);
      if (kind === "replace") bytes[place] = byte;
      else if (kind === "insert") bytes.splice(place, 0, byte);
      else if (kind === "delete") bytes.splice(place, 1);
      else bytes[place] = (bytes[place] ?? 0) ^ (1 << (byte & 7));
    }
    return Buffer.from(bytes);
  });

/** A head in one line, but for Host and cookies, which we join. */
function headText(
  pseudo: readonly string[],
  fields: readonly (readonly [name: string, value: string])[],
): string {
  const others = fields.map(([name, value]) => `${name}: ${value}`);
  return [...pseudo, ...others].join("\n");
}

/** What we read, by stream, and the streams whose body was cut off. */
function readByUs(bytes: Buffer): { readings: Map<number, Reading>; cut: Set<number> } {
  const readings = new Map<number, Reading>();
  const cut = new Set<number>();
  const bed = CodecBed.begun();
  bed.onStream = (stream, request, isEnd) => {
    const { method, scheme, authority, path, protocol, cookie, list, refusal } = request;
    const { id } = stream;
    const fields = list.fields.slice(0, list.count).map((each) => [each.name, each.value] as const);
    const head = headText([method, scheme, authority, path, protocol, cookie], fields);
    const reading = { head, body: "", hasEnded: isEnd };
    // What we answer with a status we have not taken.
    if (refusal === undefined) readings.set(id, reading);
    return {
      onHead: () => undefined,
      onInterim: () => undefined,
      onData: (piece, start, end, ends) => {
        reading.body += piece.toString("latin1", start, end);
        reading.hasEnded = ends;
      },
      onTrailers: () => (reading.hasEnded = true),
      onUnblocked: () => undefined,
      onReset: () => {
        cut.add(id);
        stream.release();
      },
    };
  };
  bed.send(bytes);
  return { readings, cut };
}

/** Node ends sessions for answers that it has not asked for, which RFC 9113 does not want. */
function isNodesOwnOffence(bytes: Buffer): boolean {
  let acknowledgements = 0;
  for (let at = 0; at + 9 <= bytes.length; at += 9 + bytes.readUIntBE(at, 3)) {
    const [type, flags = 0] = bytes.subarray(at + 3);
    const isAnswer = (flags & FrameFlag.ack) !== 0;
    if (isAnswer && type === FrameType.ping) return true;
    if (isAnswer && type === FrameType.settings) acknowledgements += 1;
  }
  return acknowledgements > 1;
}

/** What nghttp2 reads, by stream, and whether it ended the connection. */
async function readByNghttp2(
  bytes: Buffer,
): Promise<{ readings: Map<number, Reading>; isLost: boolean }> {
  const readings = new Map<number, Reading>();
  const socket = new Duplex({ read: () => undefined, write: (_, __, done) => done() });
  const session = performServerHandshake(socket, { settings: { enableConnectProtocol: true } });
  session.on("error", () => undefined);
  session.on("stream", (stream: ServerHttp2Stream, _, __, raw: string[]) => {
    const reading = { head: headOfNode(raw), body: "", hasEnded: stream.endAfterHeaders };
    readings.set(stream.id ?? 0, reading);
    stream.on("error", () => undefined);
    stream.on("data", (piece: Buffer) => (reading.body += piece.toString("latin1")));
    stream.on("end", () => (reading.hasEnded = true));
  });
  socket.push(Buffer.concat([BEGINNING, bytes]));
  for (let turns = 0; turns < 6; turns += 1) await turn();
  const isLost = session.closed || session.destroyed;
  session.destroy();
  socket.destroy();
  return { readings, isLost };
}

function headOfNode(raw: readonly string[]): string {
  const pairs = raw.flatMap((name, at) =>
    at % 2 === 0 ? [[name, raw[at + 1] ?? ""] as const] : [],
  );
  const valueOf = (wanted: string) => pairs.find(([name]) => name === wanted)?.[1];
  const cookies = pairs.flatMap(([name, value]) => (name === "cookie" ? [value] : []));
  const others = pairs.filter(([name]) => !/^(?::.*|host|cookie)$/.test(name));
  const pseudo = [":method", ":scheme", ":authority", ":path", ":protocol"].map((name) =>
    name === ":authority" ? (valueOf(name) ?? valueOf("host") ?? "") : (valueOf(name) ?? ""),
  );
  return headText([...pseudo, cookies.join("; ")], others);
}

test(
  "requests that we take, nghttp2 takes and reads the same way, whatever frames come",
  async () => {
    await fc.assert(
      fc.asyncProperty(frames, async (bytes) => {
        fc.pre(!isNodesOwnOffence(bytes));
        const ours = readByUs(bytes);
        const theirs = await readByNghttp2(bytes);
        for (const [id, reading] of ours.readings) {
          const other = theirs.readings.get(id);
          // It ends connections where RFC 9113 is content with the end of a stream.
          if (theirs.isLost && other === undefined) continue;
          expect([id, other?.head]).toEqual([id, reading.head]);
          if (theirs.isLost || ours.cut.has(id)) continue;
          expect([id, other]).toEqual([id, reading]);
        }
      }),
      { ...FUZZ_PARAMETERS, interruptAfterTimeLimit: FUZZ_MS / 2 },
    );
  },
  2 * FUZZ_MS + 10_000,
);
