import { array, assert, constantFrom, oneof, property, record, string } from "fast-check";
import { describe, expect, test } from "vitest";
import { FilterMisuseError } from "../../../proxy/filters/field-rules.ts";
import { HeadEditor } from "../../../proxy/filters/head-editor.ts";
import { RequestHead } from "../../../proxy/http1/request-head.ts";

const START = "POST /a HTTP/1.1";
const OWN = ["Content-Length: 3", "X-Forwarded-For: 10.0.0.9", "Via: 1.1 sluice"];

function editorOf(...fields: readonly string[]): HeadEditor {
  return new HeadEditor(`${[START, "Host: web", ...fields, ...OWN].join("\r\n")}\r\n\r\n`);
}

/** The lines between Host and our own. */
function linesOf(editor: HeadEditor): string[] {
  const lines = editor.toText().split("\r\n");
  expect(lines.slice(0, 2)).toEqual([START, "Host: web"]);
  expect(lines.slice(-2)).toEqual(["", ""]);
  return lines.slice(2, -2).filter((line) => !OWN.includes(line));
}

describe("HeadEditor", () => {
  test("value() reads any case and joins lines; without blanks around, but those inside", () => {
    const editor = editorOf("X-A:\t 1  2 \t", "x-b: no", "x-a:3", "Cookie: a=1", "cookie: b=2");
    expect(editor.value("x-A")).toBe("1  2, 3");
    expect(editor.value("COOKIE")).toBe("a=1; b=2");
    expect(editor.value("x")).toBeUndefined();
    expect(editor.value("")).toBeUndefined();
    expect(editor.value("host")).toBe("web");
  });

  test("set() puts one line in the place of the first, or at the end", () => {
    const editor = editorOf("x-a: 1", "x-b: 2", "X-A: 3");
    editor.set("x-A", "é");
    editor.set("x-c", "");
    expect(linesOf(editor)).toEqual(["x-A: é", "x-b: 2", "x-c: "]);
  });

  test("append() adds a line and remove() takes all of a name", () => {
    const editor = editorOf("x-a: 1", "x-b: 2");
    editor.append("X-A", "3");
    expect(linesOf(editor)).toEqual(["x-a: 1", "x-b: 2", "X-A: 3"]);
    editor.remove("x-A");
    expect(linesOf(editor)).toEqual(["x-b: 2"]);
  });

  test("toText() without a change, or with one taken back, is the text itself", () => {
    const editor = editorOf("x-a:1 ");
    const text = editor.toText();
    const before = editor.lines;
    editor.remove("x-none");
    expect(editor.toText()).toBe(text);
    editor.set("x-a", "2");
    editor.lines = before;
    expect(editor.toText()).toBe(text);
    expect(text).toContain("x-a:1 \r\n");
  });

  test.each([
    "Host",
    "content-length",
    "Transfer-Encoding",
    "connection",
    "Keep-Alive",
    "upgrade",
    "te",
    "trailer",
    "expect",
    "via",
    "X-Forwarded-For",
    "x-forwarded-client-cert",
    "Forwarded",
    "Content_Length",
    "x_forwarded_for",
    "Sec-WebSocket-Key",
    "sec-websocket-accept",
  ])("no change of %s, which Sluice writes or relies on", (name) => {
    const editor = editorOf();
    const text = editor.toText();
    const wanted = `Cannot write header ${name}: Sluice itself writes or relies on it`;
    expect(() => editor.set(name, "1")).toThrow(wanted);
    expect(() => editor.append(name, "1")).toThrow(wanted);
    expect(() => editor.remove(name)).toThrow(wanted);
    expect(editor.toText()).toBe(text);
  });

  test.each(["", " x", "x y", "x:", "x\r\ny", "é", "x\0"])("no name %j", (name) => {
    expect(() => editorOf().set(name, "1")).toThrow(FilterMisuseError);
  });

  test.each(["a\r\nx: 1", "a\n", "\0", "\u007F", "\u010D\u010A", "€"])("no value %j", (value) => {
    expect(() => editorOf().append("x-a", value)).toThrow(FilterMisuseError);
  });

  test("no head over 96 KiB, however it is made", () => {
    const editor = editorOf();
    editor.set("x-a", "a".repeat(90_000));
    const { lines } = editor;
    expect(() => editor.append("x-b", "b".repeat(9_000))).toThrow("at most 98304 bytes");
    expect(editor.lines).toBe(lines);
  });

  test("whatever filters do, the head ends where it did and is for whom it was", () => {
    const known = constantFrom("host", "Connection", "content-length", "x-a", "X-B", "cookie");
    const edits = array(
      record({
        kind: constantFrom("set", "append", "remove"),
        name: oneof(known, string({ unit: "binary", maxLength: 12 })),
        value: oneof(string({ unit: "binary", maxLength: 12 }), constantFrom("1\r\n\r\nGET / x")),
      }),
      { maxLength: 20 },
    );
    const check = property(edits, (list) => {
      const editor = editorOf("x-a: 1");
      for (const { kind, name, value } of list) {
        const edit = (): void => {
          if (kind === "set") editor.set(name, value);
          else if (kind === "append") editor.append(name, value);
          else editor.remove(name);
        };
        expect(thrownBy(edit) ?? new FilterMisuseError()).toBeInstanceOf(FilterMisuseError);
      }
      const bytes = Buffer.from(editor.toText(), "latin1");
      const head = new RequestHead();
      head.reset();
      expect(head.parse(bytes, 0, bytes.length)).toBe(bytes.length);
      expect([head.target, head.host, head.contentLength]).toEqual(["/a", "web", 3]);
      expect([head.keepAlive, head.upgrade]).toEqual([true, undefined]);
      expect(head.header("x-forwarded-for")).toBe("10.0.0.9");
    });
    assert(check, { seed: 11, numRuns: 200 });
  });
});

function thrownBy(work: () => void): unknown {
  try {
    work();
    return undefined;
  } catch (error) {
    return error;
  }
}
