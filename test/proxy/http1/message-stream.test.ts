import { describe, expect, test } from "vitest";
import { OutgoingResponse } from "../../../proxy/http1/outgoing-response.ts";
import { RequestStream, ResponseStream } from "../../../proxy/http1/message-stream.ts";

/** A connection that keeps what is written, each write for itself. */
class Connection {
  readonly writes: string[] = [];
  blocked = false;
  released = 0;

  readonly write = (text: string): void => void this.writes.push(text);

  relay(_source: unknown, head: string, bytes: Buffer, start: number, end: number): void {
    this.writes.push(head + bytes.toString("latin1", start, end));
  }

  readonly endIsProven = true;
  readonly pause = (): void => void this.writes.push("pause");
  readonly resume = (): void => void this.writes.push("resume");
  readonly destroy = (): void => void this.writes.push("destroy");
  readonly reset = (): void => void this.writes.push("reset");
  readonly keep = (bytes: Buffer): Buffer => bytes;
  readonly releaseBuffer = (): void => void (this.released += 1);
}

const BYTES = Buffer.from("0hello0");
const BULK = Buffer.alloc(20_000, "a");

/** A stream that makes chunks of its next body. */
function chunking(connection: Connection): ResponseStream {
  const stream = new ResponseStream(connection);
  const outgoing = new OutgoingResponse();
  outgoing.framing = "chunked";
  stream.encode(outgoing);
  return stream;
}

describe("RequestStream and ResponseStream", () => {
  test("sends heads and bodies as they are, each in one write, and adds no end", () => {
    const connection = new Connection();
    const stream = new RequestStream(connection);
    stream.send("head", "body");
    stream.relay(stream, "head", BYTES, 1, 6);
    stream.finish("X-A: 1\r\n");
    expect(connection.writes).toEqual(["headbody", "headhello"]);
  });

  test("makes chunks of a body that has no other end, and lets the next one be", () => {
    const connection = new Connection();
    const stream = chunking(connection);
    stream.send("head", "");
    stream.send("", "body");
    stream.relay(stream, "", BYTES, 1, 6);
    stream.relay(stream, "", BULK, 0, BULK.length);
    stream.finish("X-A: 1\r\n");
    stream.send("head", "body");
    stream.finish("");
    const bulk = BULK.toString("latin1");
    expect(connection.writes.join("")).toBe(
      `head4\r\nbody\r\n5\r\nhello\r\n4e20\r\n${bulk}\r\n0\r\nX-A: 1\r\n\r\nheadbody`,
    );
  });

  test("lets go of what was read once it has been taken", () => {
    const connection = new Connection();
    const stream = chunking(connection);
    stream.relay(stream, "", BYTES, 1, 6);
    expect(connection.released).toBe(1);
    connection.blocked = true;
    stream.relay(stream, "", BYTES, 1, 6);
    expect([connection.released, stream.blocked]).toEqual([1, true]);
  });

  test.each([
    ["half", "reset"],
    ["cut", "reset"],
    ["unread", "reset"],
    ["refused", "destroy"],
    ["left", "destroy"],
  ] as const)("end a client's connection because of %s by a %s", (reason, how) => {
    const connection = new Connection();
    new ResponseStream(connection).abort(reason);
    expect(connection.writes).toEqual([how]);
  });
});
