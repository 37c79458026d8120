import { expect, test } from "vitest";
import { LineBlocks } from "../../../proxy/http2/line-blocks.ts";

test("LineBlocks.get() makes a line short when it comes again", () => {
  const blocks = new LineBlocks();
  const first = blocks.get("x-a: www.example.com");
  expect(blocks.get("x-a: www.example.com").length).toBeLessThan(first.length);
});

test("LineBlocks.get() has no place for what is about a connection, in any case", () => {
  const blocks = new LineBlocks();
  for (const line of ["Connection: close", "TE: trailers", "host: a"]) {
    expect([blocks.get(line), blocks.get(line), blocks.get(line)]).toEqual(["", "", ""]);
  }
});

test("LineBlocks.get() forgets lines that do not come again, and keeps those that do", () => {
  const blocks = new LineBlocks();
  const plain = blocks.get("x-a: www.example.com");
  const short = blocks.get("x-a: www.example.com");
  for (let at = 0; at < 1500; at += 1) blocks.get(`x-b: ${at}`);
  expect(blocks.get("x-a: www.example.com")).toBe(plain);
  for (let at = 0; at < 400; at += 1) blocks.get(`x-c: ${at}`);
  expect(blocks.get("x-a: www.example.com")).toBe(short);
});

test.each(["cookie: www.example.com", "X-Request-Id: www.example.com", `x-a: ${"w".repeat(200)}`])(
  "LineBlocks.get() keeps no %s",
  (line) => {
    const blocks = new LineBlocks();
    const first = blocks.get(line);
    for (let time = 0; time < 3; time += 1) expect(blocks.get(line)).toBe(first);
  },
);
