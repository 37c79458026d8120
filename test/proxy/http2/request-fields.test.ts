import { expect, test } from "vitest";
import { HeaderList } from "../../../proxy/http2/header-list.ts";
import { headerField } from "../../../proxy/http2/header-field.ts";
import { RequestFields } from "../../../proxy/http2/request-fields.ts";

const GET = [":method: GET", ":scheme: http", ":path: /", ":authority: a.example"];

/** What the fields say, or the rule that they break; each is `name: value`. */
function read(fields: readonly string[], bytesMax = 4096, fieldsMax = 20) {
  const list = new HeaderList(bytesMax, fieldsMax);
  for (const field of fields) {
    const colon = field.indexOf(": ", 1);
    list.add(headerField(field.slice(0, colon), field.slice(colon + 2)));
  }
  const request = new RequestFields(list);
  const fault = request.read();
  return { fault: fault?.reason, request };
}

test("RequestFields.read() tells all that HTTP/2 says by itself from the fields", () => {
  const { fault, request } = read([
    ":method: POST",
    ":path: /a?b",
    ":authority: a.example:8080",
    ":scheme: https",
    "host: A.example:8080",
    "cookie: a=1",
    "content-length: 12",
    "cookie: b=2",
    "te: trailers",
    "x-a: 1",
  ]);
  expect(fault).toBeUndefined();
  const { method, path, authority, scheme, cookie, contentLength, protocol, list } = request;
  expect({ method, path, authority, scheme, cookie, contentLength, protocol }).toEqual({
    method: "POST",
    path: "/a?b",
    authority: "a.example:8080",
    scheme: "https",
    cookie: "a=1; b=2",
    contentLength: 12,
    protocol: "",
  });
  expect(list.lines).toBe("content-length: 12\r\nte: trailers\r\nx-a: 1\r\n");
});

test("RequestFields.read() keeps nothing of the request before", () => {
  const list = new HeaderList(4096, 20);
  const request = new RequestFields(list);
  const block = [...GET, "cookie: a=1", "content-length: 1"];
  for (const fields of [block, [":method: GET", ":scheme: http", ":path: /", "host: b"]]) {
    list.clear();
    for (const field of fields) {
      const colon = field.indexOf(": ", 1);
      list.add(headerField(field.slice(0, colon), field.slice(colon + 2)));
    }
    expect(request.read()).toBeUndefined();
  }
  expect([request.authority, request.cookie, request.contentLength]).toEqual(["b", "", -1]);
});

test("RequestFields.read() takes an extended CONNECT (RFC 8441 section 4)", () => {
  const fields = [":method: CONNECT", ":protocol: websocket", ...GET.slice(1)];
  const { fault, request } = read(fields);
  expect([fault, request.refusal, request.isExtendedConnect]).toEqual([undefined, undefined, true]);
});

const WITHOUT = (name: string): readonly string[] => GET.filter((each) => !each.startsWith(name));

test.each([
  ["8.2.1, a name in upper case", [...GET, "X-A: 1"], "h2-field-invalid"],
  ["8.2.1, a name that is no token", [...GET, "x a: 1"], "h2-field-invalid"],
  ["8.2.1, an empty name", [...GET, ": 1"], "h2-field-invalid"],
  ["8.2.1, NUL in a value", [...GET, "x-a: a\0b"], "h2-field-invalid"],
  ["8.2.1, CR in a value", [...GET, "x-a: a\rb"], "h2-field-invalid"],
  ["8.2.1, LF in a value", [...GET, "x-a: a\nb"], "h2-field-invalid"],
  ["8.2.1, a space before a value", [...GET, "x-a:  a"], "h2-field-invalid"],
  ["8.2.1, a tab behind a value", [...GET, "x-a: a\t"], "h2-field-invalid"],
  ["8.2.2, Connection", [...GET, "connection: close"], "h2-connection-field"],
  ["8.2.2, Keep-Alive", [...GET, "keep-alive: 1"], "h2-connection-field"],
  ["8.2.2, Proxy-Connection", [...GET, "proxy-connection: x"], "h2-connection-field"],
  ["8.2.2, Transfer-Encoding", [...GET, "transfer-encoding: chunked"], "h2-connection-field"],
  ["8.2.2, Upgrade", [...GET, "upgrade: h2c"], "h2-connection-field"],
  ["8.2.2, TE other than trailers", [...GET, "te: trailers, deflate"], "h2-connection-field"],
  ["8.3, one that is unknown", [":test: 1", ...GET], "h2-pseudo-field"],
  ["8.3, one of a response", [...GET, ":status: 200"], "h2-pseudo-field"],
  ["8.3, one behind a regular field", ["x-a: 1", ...GET], "h2-pseudo-field"],
  ["8.3, one behind a cookie", ["cookie: 1", ...GET], "h2-pseudo-field"],
  ["8.3, one behind Host", ["host: a.example", ...GET], "h2-pseudo-field"],
  ["8.3.1, no :method", WITHOUT(":method"), "h2-pseudo-field"],
  ["8.3.1, no :scheme", WITHOUT(":scheme"), "h2-pseudo-field"],
  ["8.3.1, no :path", WITHOUT(":path"), "h2-pseudo-field"],
  ["8.3.1, neither :authority nor Host", WITHOUT(":authority"), "h2-authority"],
  ["8.3.1, :method twice", [GET[0] ?? "", ...GET], "h2-pseudo-field"],
  ["8.3.1, :path twice", [GET[2] ?? "", ...GET], "h2-pseudo-field"],
  ["8.3.1, :method that is no token", [":method: G T", ...GET.slice(1)], "h2-pseudo-field"],
  ["8.3.1, an empty :path", [":path: ", ...WITHOUT(":path")], "h2-path"],
  ["8.3.1, :path without a slash", [":path: a", ...WITHOUT(":path")], "h2-path"],
  ["8.3.1, :path with a space", [":path: /a b", ...WITHOUT(":path")], "h2-path"],
  ["8.3.1, :path with a fragment", [":path: /a#b", ...WITHOUT(":path")], "h2-path"],
  ["8.3.1, * for GET", [":path: *", ...WITHOUT(":path")], "h2-path"],
  ["8.3.1, user information", [":authority: a@b", ...WITHOUT(":authority")], "h2-authority"],
  ["8.3.1, an empty :authority", [":authority: ", ...WITHOUT(":authority")], "h2-authority"],
  ["8.3.1, another Host", [...GET, "host: b.example"], "h2-authority"],
  ["8.3.1, Host twice", [...GET, "host: a.example", "host: a.example"], "h2-authority"],
  [
    "8.5, CONNECT with a path",
    [":method: CONNECT", ":path: /", ":authority: a"],
    "h2-pseudo-field",
  ],
  ["8441 4, :protocol of a GET", [":protocol: x", ...GET], "h2-pseudo-field"],
  ["8.6 of 9110, a length that is none", [...GET, "content-length: 1e3"], "h2-content-length"],
  ["8.6 of 9110, a length with a sign", [...GET, "content-length: +1"], "h2-content-length"],
  [
    "8.6 of 9110, it twice",
    [...GET, "content-length: 1", "content-length: 1"],
    "h2-content-length",
  ],
] as const)("RequestFields.read() refuses what breaks section %s", (_, fields, reason) => {
  expect(read(fields).fault).toBe(reason);
});

test.each([
  ["CONNECT", [":method: CONNECT", ":authority: a:443"], "method-refused"],
  ["a scheme that is not ours", [":scheme: ftp", ...WITHOUT(":scheme")], "target-invalid"],
  ["a name that gateways mistake", [...GET, "content_length: 1"], "field-name-ambiguous"],
] as const)("RequestFields.read() wants %s answered", (_, fields, reason) => {
  const { fault, request } = read(fields);
  expect([fault, request.refusal?.reason]).toEqual([undefined, reason]);
});

test("RequestFields.read() wants a list answered that is too large, whatever it lacks", () => {
  const tooLarge = read(["x-a: 1", ...GET].toReversed().concat("x-b: 1"), 120);
  expect([tooLarge.fault, tooLarge.request.refusal?.status]).toEqual([undefined, 431]);
  const tooMany = read([...GET, "x-a: 1"], 4096, 4);
  expect([tooMany.fault, tooMany.request.refusal?.reason]).toEqual([undefined, "too-many-fields"]);
});
