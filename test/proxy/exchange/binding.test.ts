import { expect, test } from "vitest";
import { bindsConnection } from "../../../proxy/exchange/binding.ts";
import { RequestHead } from "../../../proxy/http1/request-head.ts";
import { ResponseHead } from "../../../proxy/http1/response-head.ts";

function binds(request: string, response: string): boolean {
  const [requestHead, responseHead] = [new RequestHead(), new ResponseHead()];
  requestHead.reset();
  responseHead.reset();
  const sent = Buffer.from(`GET / HTTP/1.1\r\nHost: web\r\n${request}\r\n`, "latin1");
  const answered = Buffer.from(`HTTP/1.1 401 Unauthorized\r\n${response}\r\n`, "latin1");
  expect(requestHead.parse(sent, 0, sent.length)).toBe(sent.length);
  expect(responseHead.parse(answered, 0, answered.length)).toBe(answered.length);
  return bindsConnection(requestHead.fields, responseHead.fields);
}

test.each([
  ["", "WWW-Authenticate: NTLM\r\n", true],
  ["", "WWW-Authenticate: Basic realm=x\r\nwww-authenticate: negotiate\r\n", true],
  ["", "WWW-Authenticate: Basic realm=x, NTLM\r\n", true],
  ["", "WWW-Authenticate: Negotiate oRQwEqADCgEBoQsG\r\n", true],
  ["Authorization: NTLM TlRMTVNTUAAB\r\n", "", true],
  ["authorization: negotiate YIIJ\r\n", "", true],
  ["", "", false],
  ["Authorization: Bearer NTLM\r\n", 'WWW-Authenticate: Bearer realm="ntlm"\r\n', false],
  ["Authorization: NTLMx y\r\n", "WWW-Authenticate: Basic realm=negotiate\r\n", false],
  ["X-Authorization: NTLM x\r\n", "X-WWW-Authenticate: NTLM\r\n", false],
])("bindsConnection() for %j and %j: %s", (request, response, expected) => {
  expect(binds(request, response)).toBe(expected);
});
