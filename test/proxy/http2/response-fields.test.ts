import { expect, test } from "vitest";
import { HeaderList } from "../../../proxy/http2/header-list.ts";
import { headerField } from "../../../proxy/http2/header-field.ts";
import { ResponseFields, trailersFault } from "../../../proxy/http2/response-fields.ts";

function listOf(fields: readonly string[], bytesMax = 4096): HeaderList {
  const list = new HeaderList(bytesMax, 20);
  for (const field of fields) {
    const colon = field.indexOf(": ", 1);
    list.add(headerField(field.slice(0, colon), field.slice(colon + 2)));
  }
  return list;
}

test("ResponseFields.read() takes status, length and fields", () => {
  const list = listOf([":status: 200", "content-length: 5", "set-cookie: a", "set-cookie: b"]);
  const response = new ResponseFields(list);
  expect(response.read()).toBeUndefined();
  expect([response.status, response.contentLength]).toEqual([200, 5]);
  expect(list.lines).toBe("content-length: 5\r\nset-cookie: a\r\nset-cookie: b\r\n");
});

test.each([
  ["no status", ["x-a: 1"], "h2-pseudo-field"],
  ["nothing", [], "h2-pseudo-field"],
  ["a status of 2 digits", [":status: 20"], "h2-pseudo-field"],
  ["a status of 6xx", [":status: 600"], "h2-pseudo-field"],
  ["a status twice", [":status: 200", ":status: 200"], "h2-pseudo-field"],
  ["a status behind a field", ["x-a: 1", ":status: 200"], "h2-pseudo-field"],
  ["a pseudo-field of requests", [":status: 200", ":path: /"], "h2-pseudo-field"],
  ["101", [":status: 101"], "h2-pseudo-field"],
  ["Connection", [":status: 200", "connection: close"], "h2-connection-field"],
  ["upper case", [":status: 200", "X-A: 1"], "h2-field-invalid"],
  ["a name that gateways mistake", [":status: 200", "content_length: 1"], "h2-field-invalid"],
  ["two lengths", [":status: 200", "content-length: 1", "content-length: 2"], "h2-content-length"],
] as const)("ResponseFields.read() refuses %s", (_, fields, reason) => {
  expect(new ResponseFields(listOf(fields)).read()?.reason).toBe(reason);
});

test("ResponseFields.read() refuses a list that is too large", () => {
  const list = listOf([":status: 200", "x-a: 1"], 50);
  expect(new ResponseFields(list).read()?.reason).toBe("h2-head-too-large");
});

test("trailersFault() finds pseudo-fields, and what no field may be", () => {
  expect(trailersFault(listOf(["grpc-status: 0", "x-a: 1"]))).toBeUndefined();
  expect(trailersFault(listOf([":status: 200"]))?.reason).toBe("h2-trailers-invalid");
  expect(trailersFault(listOf(["X-A: 1"]))?.reason).toBe("h2-trailers-invalid");
  expect(trailersFault(listOf(["x-a: 1"], 10))?.reason).toBe("h2-head-too-large");
});
