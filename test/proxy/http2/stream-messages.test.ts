import { expect, test } from "vitest";
import { linesBlock } from "../../../proxy/http2/encode-head.ts";
import type { Http2Stream } from "../../../proxy/http2/stream.ts";
import { StreamMessages } from "../../../proxy/http2/stream-messages.ts";

/** A side with a stream that notes what is done with it. */
class Side extends StreamMessages {
  readonly done: (readonly unknown[])[] = [];

  begin(): this {
    const note =
      (name: string) =>
      (...all: unknown[]): void =>
        void this.done.push([name, ...all]);
    const stream = {
      blocked: true,
      sendHead: note("head"),
      send: note("send"),
      end: note("end"),
      relay: (_: unknown, bytes: Buffer, start: number, end: number) =>
        note("relay")(bytes.toString("latin1", start, end)),
    };
    this.current = stream as unknown as Http2Stream;
    return this;
  }
}

test("StreamMessages sends heads and bodies apart, each if there is any, and the end", () => {
  const side = new Side().begin();
  side.send("block", "");
  side.send("", "text");
  side.relay(side, "next", Buffer.from("-bytes-"), 1, 6);
  side.finish("");
  side.finish("x-sum: 1\r\n");
  expect(side.done).toEqual([
    ["head", "block", false],
    ["send", "text", false],
    ["head", "next", false],
    ["relay", "bytes"],
    ["end", ""],
    ["end", linesBlock("x-sum: 1\r\n")],
  ]);
  expect(side.blocked).toBe(true);
});

test("StreamMessages does nothing without a stream, and keeps copies alone", () => {
  const side = new Side();
  side.send("block", "text");
  side.relay(side, "", Buffer.from("bytes"), 0, 5);
  side.finish("");
  expect([side.done, side.blocked]).toEqual([[], false]);
  const bytes = Buffer.from("bytes");
  const kept = side.keep(bytes, 1, 4);
  bytes.fill(0);
  expect(kept.toString()).toBe("yte");
});
