import { describeRequests } from "./refused-requests.ts";
import type { RefusedRequest, TakenRequest } from "./refused-requests.ts";

/** A request with these Host lines, refused for `reason`. */
function refused(name: string, hosts: string, reason = "host-invalid"): RefusedRequest {
  return { name, bytes: `GET / HTTP/1.1\r\n${hosts}\r\n`, status: 400, reason };
}

/** A request for this Host, forwarded with it. */
function taken(name: string, host: string): TakenRequest {
  const bytes = `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
  return { name, bytes, sees: [`Host: ${host}\r\n`, `X-Forwarded-Host: ${host}\r\n`] };
}

describeRequests(
  "Host (RFC 9112 3.2)",
  [
    refused("missing in HTTP/1.1", "Accept: */*\r\n", "host-missing"),
    refused("two, equal", "Host: web\r\nHost: web\r\n", "host-twice"),
    refused("two, different", "Host: web\r\nhost: evil\r\n", "host-twice"),
    refused("empty", "Host:\r\n"),
    refused("blanks only", "Host: \t \r\n"),
    refused("a list", "Host: web, evil\r\n"),
    refused("two words", "Host: web evil\r\n"),
    refused("userinfo", "Host: user@web\r\n"),
    refused("a path", "Host: web/admin\r\n"),
    refused("a URL", "Host: http://web\r\n"),
    refused("a query", "Host: web?x\r\n"),
    refused("a percent escape", "Host: w%65b\r\n"),
    refused("a non-ASCII byte", "Host: w\xe9b\r\n"),
    refused("a control byte", "Host: we\x01b\r\n", "field-value-invalid"),
    refused("NUL", "Host: web\0\r\n", "field-value-invalid"),
    refused("a port that is no number", "Host: web:80a\r\n"),
    refused("a port over 65535", "Host: web:65536\r\n"),
    refused("a negative port", "Host: web:-1\r\n"),
    refused("two ports", "Host: web:80:80\r\n"),
    refused("no name before the port", "Host: :80\r\n"),
    refused("IPv6 without its bracket", "Host: [::1\r\n"),
    refused("IPv6 of nine groups", "Host: [1:2:3:4:5:6:7:8:9]\r\n"),
    refused("IPv6 with a zone", "Host: [fe80::1%25eth0]\r\n"),
    refused("text behind the IPv6 bracket", "Host: [::1]web\r\n"),
    refused("a blank before the colon", "Host : web\r\n", "field-name-invalid"),
    refused("folded", "Host:\r\n web\r\n", "line-folding"),
    {
      ...refused("bad beside an absolute target", ""),
      bytes: "GET http://web/ HTTP/1.1\r\nHost: a b\r\n\r\n",
    },
    {
      ...refused("missing beside an absolute target", "", "host-missing"),
      bytes: "GET http://web/ HTTP/1.1\r\n\r\n",
    },
    { ...refused("bad in HTTP/1.0", ""), bytes: "GET / HTTP/1.0\r\nHost: a/b\r\n\r\n" },
  ],
  [
    taken("with a port", "web:8080"),
    taken("with an empty port", "web:"),
    taken("in capitals", "WEB"),
  ],
);
