import { describe, expect, test } from "vitest";
import { serviceSnapshot } from "../table/service-fixture.ts";
import { FakeStream } from "../exchange/exchange-fixture.ts";
import { eventually } from "../../support/eventually.ts";
import { parentsIn, tracedBed } from "./traced-bed.ts";

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
          "url.scheme": "http",
          "url.path": "/a",
          "server.address": "web",
          "network.protocol.version": "1.1",
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

  describe("of two tries at once", () => {
    /** A request that is asked twice; `first` and `second` are who hears what comes. */
    async function hedged() {
      const { policy, versions } = serviceSnapshot({ v1: 1 });
      const [version] = versions;
      if (version === undefined) throw new Error("no version");
      const endpoints = [1, 2].map((port) => {
        return { address: `127.0.0.1:${port}`, weight: 1, state: "ready", healthy: true } as const;
      });
      const { bed, spans } = bedOf({
        policy: { ...policy, hedge: { afterMs: 1 } },
        versions: [{ ...version, endpoints }],
      });
      const streams = [new FakeStream(), new FakeStream()];
      bed.answers.push(...streams.map((stream) => bed.upstream(stream)));
      bed.request(GET);
      const first = bed.user;
      await eventually(() => expect(streams[1]?.text).not.toBe(""));
      const ids = streams.map(({ text }) => parentsIn(text).map((parent) => parent.slice(36, 52)));
      return { bed, spans, first, second: bed.user, ids: ids.flat() };
    }

    test("tell both, each with the id that its endpoint got, and that one was slower", async () => {
      for (const winner of [0, 1]) {
        const { spans, ids, ...users } = await hedged();
        const user = winner === 0 ? users.first : users.second;
        const bytes = Buffer.from(`${OK}hi`);
        user?.onUpstreamData(bytes, bytes.length);
        expect(new Set(ids).size).toBe(2);
        const [, lost, won, ...others] = spans;
        expect(others).toEqual([]);
        expect([lost?.spanId, won?.spanId]).toEqual([ids[1 - winner], ids[winner]]);
        expect(lost).not.toHaveProperty("status");
        expect(lost?.attributes).toMatchObject({ "sluice.error": "hedge-lost" });
        expect(won?.attributes).toMatchObject({ "http.response.status_code": "200" });
      }
    });

    test("tell that the second failed, and the first went on", async () => {
      const { bed, spans, first, second, ids } = await hedged();
      second?.onUpstreamClosed(undefined);
      const bytes = Buffer.from(`${OK}hi`);
      first?.onUpstreamData(bytes, bytes.length);
      expect(bed.ended).toEqual(["keep"]);
      const told = spans.slice(1);
      expect(told.map(({ spanId, attributes }) => [spanId, attributes["error.type"]])).toEqual([
        [ids[1], "reset"],
        [ids[0], undefined],
      ]);
    });
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
