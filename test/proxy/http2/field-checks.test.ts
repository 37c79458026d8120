import { describe, expect, test } from "vitest";
import { Field } from "../../../proxy/http1/field-names.ts";
import {
  fieldFault,
  fieldNumber,
  isPseudo,
  kindOfName,
  PseudoField,
} from "../../../proxy/http2/field-checks.ts";

function kindOf(name: string): number {
  const bytes = Buffer.from(`?${name}?`, "latin1");
  return kindOfName(bytes, 1, 1 + name.length);
}

/** The reason against `name: value`. "": there is none. */
function faultOf(name: string, value: string): string {
  const bytes = Buffer.from(`?${value}?`, "latin1");
  return fieldFault(kindOf(name), bytes, 1, 1 + value.length)?.reason ?? "";
}

describe("kindOfName()", () => {
  test.each([
    [":method", PseudoField.method],
    [":status", PseudoField.status],
    [":protocol", PseudoField.protocol],
    [":version", PseudoField.unknown],
    [":", PseudoField.unknown],
    ["host", Field.host],
    ["content-length", Field.contentLength],
  ])("knows %s", (name, kind) => {
    expect([kindOf(name), isPseudo(kind)]).toEqual([kind, name.startsWith(":")]);
  });

  test.each(["", "Host", "x y", "x\u00e9", "x\0", "x:"])("takes %j for no name", (name) => {
    expect(kindOf(name)).toBe(kindOf("\u007f"));
    expect(faultOf(name, "v")).toBe("h2-field-invalid");
  });
});

describe("fieldFault()", () => {
  test.each([
    ["x-a", ""],
    ["x-a", "any \t text \u00e9"],
    ["te", "Trailers"],
    ["content-length", "0"],
    ["host", "web.example:8080"],
    [":authority", "[::1]:80"],
    [":path", "/a?b=%20\u00e9"],
    [":path", "*"],
    [":method", "GET"],
    [":method", "X".repeat(32)],
    [":scheme", "https"],
    [":status", "100"],
    [":status", "599"],
  ])("has nothing against %s: %s", (name, value) => {
    expect(faultOf(name, value)).toBe("");
  });

  test.each([
    ["x-a", " v", "h2-field-invalid"],
    ["x-a", "v\t", "h2-field-invalid"],
    ["x-a", "a\nb", "h2-field-invalid"],
    ["x-a", "a\0b", "h2-field-invalid"],
    ["connection", "close", "h2-connection-field"],
    ["keep-alive", "1", "h2-connection-field"],
    ["proxy-connection", "close", "h2-connection-field"],
    ["transfer-encoding", "chunked", "h2-connection-field"],
    ["upgrade", "h2c", "h2-connection-field"],
    ["te", "gzip", "h2-connection-field"],
    ["te", "trailers, gzip", "h2-connection-field"],
    ["content-length", "1,1", "h2-content-length"],
    ["content-length", "-1", "h2-content-length"],
    ["content-length", "", "h2-content-length"],
    ["host", "a,b", "h2-authority"],
    [":authority", "user@web", "h2-authority"],
    [":authority", "", "h2-authority"],
    [":path", "", "h2-path"],
    [":path", "a", "h2-path"],
    [":path", "/a#b", "h2-path"],
    [":path", "/a b", "h2-path"],
    [":path", "/\u007f", "h2-field-invalid"],
    [":path", "**", "h2-path"],
    [":method", "", "h2-pseudo-field"],
    [":method", "G T", "h2-pseudo-field"],
    [":method", "X".repeat(33), "h2-pseudo-field"],
    [":scheme", "ht/tp", "h2-pseudo-field"],
    [":status", "099", "h2-pseudo-field"],
    [":status", "600", "h2-pseudo-field"],
    [":status", "20", "h2-pseudo-field"],
    [":status", "2OO", "h2-pseudo-field"],
    [":version", "2", "h2-pseudo-field"],
  ])("refuses %s: %j as %s", (name, value, reason) => {
    expect(faultOf(name, value)).toBe(reason);
  });
});

test("fieldNumber() counts what a length and a status say, and nothing else", () => {
  const numberOf = (name: string, value: string): number => {
    return fieldNumber(kindOf(name), Buffer.from(value), 0, value.length);
  };
  expect([numberOf("content-length", "42"), numberOf(":status", "204")]).toEqual([42, 204]);
  expect([numberOf("age", "42"), numberOf(":path", "42")]).toEqual([0, 0]);
});
