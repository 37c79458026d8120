import { describe, expect, test } from "vitest";
import { serviceSnapshot } from "../table/service-fixture.ts";
import { FakeStream } from "../exchange/exchange-fixture.ts";
import { tracedBed } from "./traced-bed.ts";

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n";
const GET = "GET /a?token=1 HTTP/1.1\r\nHost: web\r\nUser-Agent: me\r\n\r\n";

function bedOf(settings: Parameters<typeof tracedBed>[0] = {}) {
  const traced = tracedBed(settings);
  traced.tracer.follow(1);
  return traced;
}

describe("Spans", () => {
  test("tell what was asked, of whom, and what came, by the names of the conventions", () => {
    const { bed, spans } = bedOf();
    bed.answers.push(bed.upstream(new FakeStream()));
    bed.request(GET);
    bed.respond(`${OK}hi`);
    const [host, port] = bed.endpoint.address.split(":");
    expect(
      spans.map(({ name, kind, status, attributes }) => [name, kind, status, attributes]),
    ).toEqual([
      [
        "GET",
        2,
        undefined,
        {
          "http.request.method": "GET",
          "url.scheme": "http",
          "url.path": "/a",
          "server.address": "web",
          "client.address": "192.0.2.1",
          "network.protocol.version": "1.1",
          "user_agent.original": "me",
          "http.response.status_code": "200",
          "sluice.request_id": "id-1",
          "sluice.service": "web",
          "sluice.version": "v1",
        },
      ],
      [
        "GET",
        3,
        undefined,
        {
          "http.request.method": "GET",
          "url.path": "/a",
          "server.address": "web",
          "network.peer.address": host,
          "network.peer.port": port,
          "http.response.status_code": "200",
          "sluice.service": "web",
          "sluice.version": "v1",
        },
      ],
    ]);
  });

  test("have one name for all methods that nobody knows", () => {
    const { bed, spans } = bedOf();
    bed.answers.push(bed.upstream(new FakeStream()));
    bed.request("MAKE-IT-UP / HTTP/1.1\r\nHost: web\r\n\r\n");
    bed.respond(`${OK}hi`);
    const method = {
      "http.request.method": "_OTHER",
      "http.request.method_original": "MAKE-IT-UP",
    };
    expect(spans).toMatchObject([
      { name: "HTTP", attributes: method },
      { name: "HTTP", attributes: method },
    ]);
  });

  test("are errors for a 5xx; what is the client's own fault is one only of who asked", () => {
    const { bed, spans } = bedOf();
    for (const status of [500, 404]) {
      bed.answers.push(bed.upstream(new FakeStream()));
      bed.again(GET);
      bed.respond(`HTTP/1.1 ${status} No\r\nContent-Length: 0\r\n\r\n`);
    }
    const error = { code: 2 };
    expect(spans.map(({ status, attributes }) => [status, attributes["error.type"]])).toEqual([
      [error, "500"],
      [error, "500"],
      [undefined, undefined],
      [error, "404"],
    ]);
  });

  test("say why there is no answer of an endpoint, and tell of no try where there was none", () => {
    const { bed, spans } = bedOf();
    bed.request(GET);
    bed.again("GET / HTTP/1.1\r\nHost: other\r\n\r\n");
    expect(spans).toMatchObject([
      {
        kind: 2,
        status: { code: 2 },
        attributes: { "error.type": "no-endpoint", "http.response.status_code": "503" },
      },
      { kind: 2, attributes: { "sluice.error": "no-service", "http.response.status_code": "404" } },
    ]);
    expect(spans[1]).not.toHaveProperty("status");
    expect(spans[1]?.attributes).not.toHaveProperty("sluice.service");
  });

  test("tell each try by itself, and why it was in vain", () => {
    const { policy } = serviceSnapshot({ v1: 1 });
    const retries = { ...policy.retries, attempts: 1, on: ["reset-before-response"] as const };
    const { bed, spans } = bedOf({ policy: { ...policy, retries } });
    bed.answers.push(bed.upstream(new FakeStream()), bed.upstream(new FakeStream()));
    bed.request(GET);
    bed.user?.onUpstreamClosed(undefined);
    bed.user?.onUpstreamClosed(undefined);
    const [server, first, second] = spans;
    expect(server?.attributes).toMatchObject({ "error.type": "reset", "sluice.error": "reset" });
    for (const span of [first, second]) {
      expect(span).toMatchObject({ parentSpanId: server?.spanId, status: { code: 2 } });
      expect(span?.attributes["error.type"]).toBe("reset");
    }
    expect(first?.attributes).not.toHaveProperty("http.request.resend_count");
    expect(second?.attributes["http.request.resend_count"]).toBe("1");
    expect(second?.attributes["http.response.status_code"]).toBeUndefined();
  });

  test("say that a client has left", () => {
    const { bed, spans } = bedOf();
    bed.answers.push(bed.upstream(new FakeStream()));
    bed.request(GET);
    bed.leave();
    expect(spans.map(({ attributes }) => attributes["error.type"])).toEqual([
      "client-left",
      "client-left",
    ]);
  });
});
