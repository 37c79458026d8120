import { expect, test } from "vitest";
import { MORE, REFUSED, REQUEST_HEAD_BYTES_MAX } from "../../../proxy/http1/limits.ts";
import { TrailerSection } from "../../../proxy/http1/trailer-section.ts";

const KEPT = "Server-Timing: a\r\nx-checksum:  1 \r\n";
const SECTION =
  "Server-Timing: a\r\nContent-Length: 1\r\nSET-COOKIE: a=1\r\nx-checksum:  1 \r\nHost: b\r\n\r\n";

test("TrailerSection keeps what may stand there, however it is cut, and stops at its end", () => {
  const bytes = Buffer.from(`<${SECTION}GET`, "latin1");
  const end = 1 + SECTION.length;
  for (let cut = 1; cut < end; cut += 1) {
    const section = new TrailerSection(true);
    expect(section.read(bytes, 1, cut)).toBe(MORE);
    expect([section.read(bytes, cut, bytes.length), section.text]).toEqual([end, `${KEPT}\r\n`]);
  }
});

test("TrailerSection holds what came before in memory of its own", () => {
  const bytes = Buffer.from("X: 1\r\nY: 2\r\n\r\n", "latin1");
  const section = new TrailerSection(true);
  section.read(bytes, 0, 9);
  bytes.fill("z", 0, 9);
  section.read(bytes, 9, bytes.length);
  expect(section.text).toBe("X: 1\r\nY: 2\r\n\r\n");
});

test("TrailerSection that keeps no fields is an empty line, and still refuses non-fields", () => {
  const read = (text: string): readonly [number, string] => {
    const section = new TrailerSection(false);
    const bytes = Buffer.from(text, "latin1");
    return [section.read(bytes, 0, bytes.length), section.text];
  };
  expect(read("X: 1\r\n\r\n")).toEqual([8, "\r\n"]);
  expect(read("X : 1\r\n\r\n")).toEqual([REFUSED, ""]);
});

test("TrailerSection is refused when longer than a head may be, in one piece or many", () => {
  const long = Buffer.from(`X: ${"y".repeat(REQUEST_HEAD_BYTES_MAX)}\r\n\r\n`, "latin1");
  expect(new TrailerSection(true).read(long, 0, long.length)).toBe(REFUSED);
  const section = new TrailerSection(true);
  let length = MORE as number;
  for (let at = 0; at < long.length && length === MORE; at += 1_000) {
    length = section.read(long, at, Math.min(at + 1_000, long.length));
  }
  expect(length).toBe(REFUSED);
});
