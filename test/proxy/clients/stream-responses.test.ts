import { expect, test } from "vitest";
import { StreamResponses } from "../../../proxy/clients/stream-responses.ts";
import { ErrorCode } from "../../../proxy/http2/error-codes.ts";
import type { Http2Stream } from "../../../proxy/http2/stream.ts";

/** A stream that writes down what is done with it. */
class Stream {
  readonly done: (readonly unknown[])[] = [];
  blocked = false;
  isClosed = false;
  pendingBytes = 0;
  sendWindow = 10;
  waitingSinceMs = 0;

  readonly sendHead = (...all: unknown[]): void => void this.done.push(["head", ...all]);
  readonly send = (...all: unknown[]): void => void this.done.push(["send", ...all]);
  readonly end = (...all: unknown[]): void => void this.done.push(["end", ...all]);
  readonly reset = (...all: unknown[]): void => void this.done.push(["reset", ...all]);
  readonly consumed = (...all: unknown[]): void => void this.done.push(["consumed", ...all]);
  readonly release = (...all: unknown[]): void => void this.done.push(["release", ...all]);

  readonly relay = (_: unknown, bytes: Buffer, start: number, end: number): void =>
    void this.done.push(["relay", bytes.toString("latin1", start, end)]);
}

const ignore = (): void => undefined;

function begun(
  onAborted = ignore,
  onCallOver = ignore,
  onUnread = ignore,
): { stream: Stream; responses: StreamResponses } {
  const stream = new Stream();
  const responses = new StreamResponses(onAborted, onCallOver, onUnread);
  responses.begin(stream as unknown as Http2Stream);
  return { stream, responses };
}

test("StreamResponses sends heads and bodies apart, each if there is any, and the end", () => {
  const { stream, responses } = begun();
  responses.send("block", "");
  responses.send("", "text");
  responses.relay(responses, "", Buffer.from("-bytes-"), 1, 6);
  responses.finish("");
  expect(stream.done).toEqual([
    ["head", "block", false],
    ["send", "text", false],
    ["relay", "bytes"],
    ["end", ""],
  ]);
});

test("StreamResponses lets the client send as much as was used, but not while it must wait", () => {
  const { stream, responses } = begun();
  responses.owe(3);
  responses.settle();
  responses.pause();
  responses.owe(4);
  responses.settle();
  responses.owe(5);
  responses.settle();
  responses.resume();
  responses.resume();
  expect(stream.done).toEqual([
    ["consumed", 3],
    ["consumed", 9],
  ]);
});

test.each([
  ["half", ErrorCode.internalError],
  ["cut", ErrorCode.cancel],
  ["refused", ErrorCode.protocolError],
  ["left", ErrorCode.cancel],
  ["unread", ErrorCode.cancel],
] as const)(
  "StreamResponses.abort() for %s resets with code %i, and tells its owner",
  (...about) => {
    const [reason, code] = about;
    const heard: string[] = [];
    const hear = (what: string) => () => void heard.push(what);
    const { stream, responses } = begun(hear("aborted"), undefined, hear("unread"));
    responses.abort(reason);
    const wanted = reason === "unread" ? ["unread", "aborted"] : ["aborted"];
    expect([stream.done, heard]).toEqual([[["reset", code]], wanted]);
  },
);

test.each([
  [{ pendingBytes: 0 }, false],
  [{ pendingBytes: 10 }, false],
  [{ pendingBytes: 11 }, true],
  [{ pendingBytes: 1, waitingSinceMs: 5 }, true],
  [{ pendingBytes: 1, blocked: true }, true],
  [{ pendingBytes: 11, isClosed: true }, false],
])("StreamResponses.hasUnsent of a stream with %j is %s", (state, hasUnsent) => {
  const { stream, responses } = begun();
  Object.assign(stream, state);
  expect(responses.hasUnsent).toBe(hasUnsent);
});

test("StreamResponses keeps copies, as its connection reads on, and leaves a stream once", () => {
  const { stream, responses } = begun();
  const bytes = Buffer.from("abc");
  const kept = responses.keep(bytes, 1, 3);
  bytes.fill("x");
  expect(kept.toString()).toBe("bc");
  responses.release();
  responses.send("block", "text");
  responses.release();
  expect([stream.done, responses.blocked, responses.hasUnsent]).toEqual([
    [["release"]],
    false,
    false,
  ]);
});

test.each([
  ["bytes", (to: StreamResponses, bytes: Buffer) => to.relay(to, "", bytes, 0, bytes.length)],
  ["text", (to: StreamResponses, bytes: Buffer) => to.send("", bytes.toString("latin1"))],
])("StreamResponses ends a call that was asked to, behind a message of %s", async (_, send) => {
  let over = 0;
  const { stream, responses } = begun(undefined, () => (over += 1));
  const message = Buffer.from("\0\0\0\0\u0003one", "latin1");
  responses.call.isCall = true;
  send(responses, message.subarray(0, 6));
  responses.call.closing = true;
  expect(over).toBe(0);
  send(responses, Buffer.concat([message.subarray(6), message.subarray(0, 3)]));
  expect(over).toBe(0);
  await Promise.resolve();
  expect(over).toBe(1);
  expect(stream.done.map(([name, what]) => (name === "end" ? name : what))).toEqual([
    "\0\0\0\0\u0003o",
    "ne",
    "end",
  ]);
});

test("StreamResponses.finishCall() ends a call by trailers, but not inside a message", () => {
  const { stream, responses } = begun();
  const message = Buffer.from("\0\0\0\0\u0003one", "latin1");
  responses.call.isCall = true;
  responses.relay(responses, "", message, 0, 6);
  expect(responses.finishCall("grpc-status: 14\r\n")).toBe(false);
  responses.relay(responses, "", message, 6, message.length);
  expect(responses.finishCall("grpc-status: 14\r\n")).toBe(true);
  expect(stream.done.map(([name]) => name)).toEqual(["relay", "relay", "end"]);
});
