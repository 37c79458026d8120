import { describeRequests } from "./refused-requests.ts";

const HOST = "Host: web\r\n\r\n";
const AFTER = ` HTTP/1.1\r\n${HOST}`;
/** Request lines, with their CRLF: one byte over 8 KiB, and exactly 8 KiB. */
const LONG = "a".repeat(8192 - "GET / HTTP/1.1\r\n".length);

describeRequests(
  "request line and target (RFC 9112 3)",
  [
    {
      name: "bare LF after the request line (9112 2.2)",
      bytes: `GET / HTTP/1.1\n${HOST}`,
      status: 400,
      reason: "bare-line-feed",
    },
    {
      name: "bare LF after a field (9112 2.2)",
      bytes: "GET / HTTP/1.1\r\nHost: web\n\n",
      status: 400,
      reason: "bare-line-feed",
    },
    {
      name: "bare CR in the request line (9112 2.2)",
      bytes: `GET / HTTP/1.1\r${HOST}`,
      status: 400,
      reason: "version-invalid",
    },
    {
      name: "bare CR before the request line",
      bytes: `\rGET /${AFTER}`,
      status: 400,
      reason: "bare-carriage-return",
    },
    {
      name: "white space between request line and first field (9112 2.2)",
      bytes: `GET / HTTP/1.1\r\n ${HOST}`,
      status: 400,
      reason: "line-folding",
    },
    {
      name: "three empty lines before the request line",
      bytes: `\r\n\r\n\r\nGET /${AFTER}`,
      status: 400,
      reason: "too-many-empty-lines",
    },
    { name: "two spaces after the method", bytes: `GET  /${AFTER}`, ...target() },
    { name: "tab after the method", bytes: `GET\t/${AFTER}`, ...method() },
    { name: "vertical tab after the method", bytes: `GET\x0b/${AFTER}`, ...method() },
    { name: "form feed before the version", bytes: `GET /\x0cHTTP/1.1\r\n${HOST}`, ...target() },
    { name: "two spaces before the version", bytes: `GET / ${AFTER}`, ...version() },
    { name: "space after the version", bytes: `GET / HTTP/1.1 \r\n${HOST}`, ...version() },
    { name: "space before the method", bytes: ` GET /${AFTER}`, ...method() },
    { name: "control byte in the target", bytes: `GET /a\x01b${AFTER}`, ...target() },
    { name: "NUL in the target", bytes: `GET /a\0b${AFTER}`, ...target() },
    { name: "DEL in the target", bytes: `GET /a\x7fb${AFTER}`, ...target() },
    { name: "non-ASCII byte in the target (9110 4)", bytes: `GET /\xe9${AFTER}`, ...target() },
    { name: "space in the target", bytes: `GET /a b${AFTER}`, ...version() },
    { name: "fragment in the target (9112 3.2)", bytes: `GET /a#b${AFTER}`, ...target() },
    { name: "fragment in the query", bytes: `GET /a?b#c${AFTER}`, ...target() },
    { name: "HTTP/0.9: no version", bytes: `GET /\r\n${HOST}`, ...version() },
    { name: "lower-case version", bytes: `GET / http/1.1\r\n${HOST}`, ...version() },
    { name: "two digits in the version", bytes: `GET / HTTP/1.10\r\n${HOST}`, ...version() },
    { name: "another protocol", bytes: `GET / ICAP/1.1\r\n${HOST}`, ...version() },
    { name: "HTTP/2.0 as text (9110 15.6.6)", bytes: `GET / HTTP/2.0\r\n${HOST}`, ...other() },
    { name: "HTTP/9.9 as text", bytes: `GET / HTTP/9.9\r\n${HOST}`, ...other() },
    { name: "HTTP/1.2", bytes: `GET / HTTP/1.2\r\n${HOST}`, ...other() },
    { name: "method with a byte that is no token", bytes: `G@T /${AFTER}`, ...method() },
    { name: "no method", bytes: `/ HTTP/1.1\r\n${HOST}`, ...method() },
    { name: "method of 33 bytes", bytes: `${"A".repeat(33)} /${AFTER}`, ...method() },
    { name: "a TLS handshake", bytes: "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", ...method() },
    {
      name: "get in lower case is not GET (9110 9.1)",
      bytes: `get /${AFTER}`,
      status: 501,
      reason: "method-unknown",
    },
    {
      name: "CONNECT (9110 9.3.6)",
      bytes: "CONNECT web:80 HTTP/1.1\r\nHost: web:80\r\n\r\n",
      status: 405,
      reason: "method-refused",
    },
    {
      name: "CONNECT with a body",
      bytes: "CONNECT web:80 HTTP/1.1\r\nHost: web:80\r\nContent-Length: 40\r\n\r\n",
      status: 405,
      reason: "method-refused",
    },
    {
      name: "TRACE (9110 9.3.8)",
      bytes: `TRACE /${AFTER}`,
      status: 405,
      reason: "method-refused",
    },
    {
      name: "request line of 8 KiB and a byte (9110 15.5.15)",
      bytes: `GET /${LONG}a${AFTER}`,
      status: 414,
      reason: "target-too-long",
    },
    { name: "* with GET (9112 3.2.4)", bytes: `GET *${AFTER}`, ...target() },
    { name: "authority-form with GET", bytes: `GET web:80${AFTER}`, ...target() },
    { name: "path without a slash", bytes: `GET a/b${AFTER}`, ...target() },
    { name: "absolute-form of another scheme", bytes: `GET ftp://web/${AFTER}`, ...target() },
    {
      name: "absolute-form with userinfo",
      bytes: `GET http://web@evil/${AFTER}`,
      status: 400,
      reason: "host-invalid",
    },
    {
      name: "absolute-form without a host",
      bytes: `GET http:///${AFTER}`,
      status: 400,
      reason: "host-invalid",
    },
    { name: "%00 in the path", bytes: `GET /a%00b${AFTER}`, ...target() },
    { name: "escape that is none", bytes: `GET /a%zz${AFTER}`, ...target() },
    { name: "escape that is cut off", bytes: `GET /a%4${AFTER}`, ...target() },
  ],
  [
    {
      name: "one empty line before (9112 2.2)",
      bytes: `\r\nGET /${AFTER}`,
      sees: ["GET / HTTP/1.1"],
    },
    { name: "two empty lines before", bytes: `\r\n\r\nGET /${AFTER}`, sees: ["GET / HTTP/1.1"] },
    {
      name: "request line of 8 KiB",
      bytes: `GET /${LONG}${AFTER}`,
      sees: [`GET /${LONG} HTTP/1.1\r\n`],
    },
    {
      name: "absolute-form: its authority replaces Host (9112 3.2.2)",
      bytes: "GET http://web:8080/a?b HTTP/1.1\r\nHost: other\r\n\r\n",
      sees: ["GET /a?b HTTP/1.1\r\nHost: web:8080\r\n"],
      seesNot: ["other"],
    },
    {
      name: "absolute-form in capitals, without a path",
      bytes: "GET HTTP://web?q HTTP/1.1\r\nHost: web\r\n\r\n",
      sees: ["GET /?q HTTP/1.1\r\nHost: web\r\n"],
    },
    {
      name: "strange spellings of a path, forwarded as sent",
      bytes: `GET //a/../b/%2e/%2F\\c${AFTER}`,
      sees: ["GET //a/../b/%2e/%2F\\c HTTP/1.1\r\n"],
    },
    {
      name: "OPTIONS of a path",
      bytes: `OPTIONS /a${AFTER}`,
      sees: ["OPTIONS /a HTTP/1.1\r\n"],
    },
    ...["BREW", "RDG_OUT_DATA", "VERSION-CONTROL", "ban", "A".repeat(32)].map((name) => ({
      name: `a method that nobody has told us of: ${name}`,
      bytes: `${name} /a${AFTER}`,
      sees: [`${name} /a HTTP/1.1\r\n`],
      seesNot: ["Content-Length"],
    })),
    {
      name: "a method of WebDAV",
      bytes: `PROPFIND /a${AFTER}`,
      sees: ["PROPFIND /a HTTP/1.1\r\n"],
    },
  ],
);

function method(): { status: number; reason: string } {
  return { status: 400, reason: "method-invalid" };
}

function target(): { status: number; reason: string } {
  return { status: 400, reason: "target-invalid" };
}

function version(): { status: number; reason: string } {
  return { status: 400, reason: "version-invalid" };
}

function other(): { status: number; reason: string } {
  return { status: 505, reason: "version-unsupported" };
}
