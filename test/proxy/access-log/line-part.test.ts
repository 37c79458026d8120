import { describe, expect, test } from "vitest";
import { LineBytes, Piece } from "../../../proxy/access-log/line-bytes.ts";
import {
  NumberPart,
  SteadyParts,
  TextPart,
  TimePart,
} from "../../../proxy/access-log/line-part.ts";
import type { LinePart, LineContent } from "../../../proxy/access-log/line-part.ts";
import { accessEntry } from "./entry-fixture.ts";
import { bytesOf } from "./line-fixture.ts";

const surround = { before: new Piece("<"), after: new Piece(">"), absent: undefined };
const placed = { ...surround, absent: new Piece("-") };

const clients = (): TextPart => new TextPart(surround, (entry) => entry.client, false);
const statuses = (): NumberPart => new NumberPart(surround, (entry) => entry.status);

function written(part: LinePart, entry: ReturnType<typeof accessEntry>, wallMs = 0): string {
  return bytesOf((bytes) => part.write(bytes, { entry, wallMs }, undefined));
}

describe("A part of a line", () => {
  test("is its value with what surrounds it, and nothing where there is none", () => {
    expect(written(clients(), accessEntry({ client: 'a"' }))).toBe('<a\\">');
    expect(written(statuses(), accessEntry({ status: 404 }))).toBe("<404>");
    expect(written(clients(), accessEntry({ client: "" }))).toBe("");
    expect(written(statuses(), accessEntry({ status: undefined }))).toBe("");
  });

  test("stands for what is not there, where it has a place", () => {
    const text = new TextPart(placed, (entry) => entry.error, true);
    const number = new NumberPart(placed, (entry) => entry.status);
    expect(written(text, accessEntry())).toBe("<->");
    expect(written(number, accessEntry({ status: undefined }))).toBe("<->");
  });

  test("has whole milliseconds of when it began", () => {
    const part = new TimePart(surround, (wallMs, bytes) => bytes.number(wallMs));
    expect(written(part, accessEntry(), 1_234.9)).toBe("<1234>");
  });
});

describe("SteadyParts", () => {
  const haveSameStatus = (told: LineContent, last: LineContent): boolean =>
    told.entry.status === last.entry.status;

  test("are copied while they are the same, with the byte that they begin with", () => {
    const parts = new SteadyParts([clients(), statuses()], haveSameStatus, "<".charCodeAt(0));
    const [bytes, line] = [Buffer.alloc(64), new LineBytes()];
    line.begin(bytes);
    let last: LineContent | undefined;
    for (const [client, status] of [
      ["a", 200],
      ["b", 200],
      ["c", 404],
    ] as const) {
      const start = line.length;
      const told = { entry: accessEntry({ client, status }), wallMs: 0 };
      parts.write(line, told, last);
      line.replace(start, "{".charCodeAt(0));
      last = told;
    }
    expect(bytes.toString("latin1", 0, line.length)).toBe("{a><200>{a><200>{c><404>");
  });

  test("are written anew where the line before is gone", () => {
    const parts = new SteadyParts([clients()], () => true, "<".charCodeAt(0));
    const [line, told] = [new LineBytes(), { entry: accessEntry({ client: "a" }), wallMs: 0 }];
    const chunks = [Buffer.alloc(8), Buffer.alloc(8)];
    for (const bytes of chunks) {
      line.begin(bytes);
      parts.write(line, told, told);
    }
    expect(chunks.map((bytes) => bytes.toString("latin1", 0, 3))).toEqual(["<a>", "<a>"]);
  });
});
