import { describe, expect, test } from "vitest";
import { serviceSnapshot } from "../table/service-fixture.ts";
import { ExchangeBed, FakeStream } from "./exchange-fixture.ts";

const GET = "GET /a HTTP/1.1\r\nHost: web\r\n\r\n";
const POST = "POST /a HTTP/1.1\r\nHost: web\r\nContent-Length: 4\r\n\r\n";
const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n";

const { policy } = serviceSnapshot({ v1: 1 });

/** The status line of what a side got. */
function firstLine(stream: FakeStream): string {
  return stream.text.slice(0, stream.text.indexOf("\r\n"));
}

describe("Exchange", () => {
  test("passes request and answer on, and gives the connection back in good order", () => {
    const bed = new ExchangeBed();
    const upstream = new FakeStream();
    bed.answers.push(bed.upstream(upstream));
    bed.request(GET);
    expect(firstLine(upstream)).toBe("GET /a HTTP/1.1");
    expect([bed.live.inFlight, bed.ended]).toEqual([1, []]);
    bed.respond(`${OK}hi`);
    expect(firstLine(bed.client)).toBe("HTTP/1.1 200 OK");
    expect(bed.client.text.endsWith("\r\n\r\nhi")).toBe(true);
    expect(bed.pool).toEqual(["acquire", "well", "release"]);
    expect([bed.live.inFlight, bed.ended]).toEqual([0, ["keep"]]);
  });

  test("gives each attempt its time, and says when the last one has had it", () => {
    const retries = { ...policy.retries, attempts: 2, on: ["timeout"] as const };
    const bed = new ExchangeBed({ policy: { ...policy, responseTimeoutMs: 1_000, retries } });
    bed.answers.push(...[1, 2, 3].map(() => bed.upstream(new FakeStream())));
    bed.request(GET);
    for (const tries of [1, 2, 3]) {
      expect(bed.pool.filter((each) => each === "acquire")).toHaveLength(tries);
      expect([bed.client.text, bed.armedMs < Infinity]).toEqual(["", true]);
      bed.after(1_001);
    }
    expect(firstLine(bed.client)).toBe("HTTP/1.1 504 Gateway Timeout");
    expect([bed.ended, bed.live.retrying, bed.live.inFlight]).toEqual([["keep"], 0, 0]);
  });

  test("waits for a connection, and then sends what came meanwhile, in order", () => {
    const bed = new ExchangeBed();
    const upstream = new FakeStream();
    bed.answers.push("waiting");
    bed.request(`${POST}ab`);
    expect(bed.client.done).toContain("pause");
    bed.user?.onUpstreamReady(bed.upstream(upstream));
    bed.more("cd");
    expect(upstream.text.endsWith("\r\n\r\nabcd")).toBe(true);
    expect(bed.client.done.at(-1)).toBe("resume");
  });

  test("reads a head that comes in pieces as one", () => {
    const bed = new ExchangeBed();
    bed.answers.push(bed.upstream(new FakeStream()));
    bed.request(GET);
    for (const piece of ["HTTP/1.1 20", "0 OK\r\nContent-", "Length: 2\r\n\r", "\nh"]) {
      bed.respond(piece);
    }
    expect([firstLine(bed.client), bed.ended]).toEqual(["HTTP/1.1 200 OK", []]);
    bed.respond("i");
    expect(bed.ended).toEqual(["keep"]);
  });

  test("answers 404 where no service is, and asks no pool", () => {
    const bed = new ExchangeBed();
    bed.request("GET / HTTP/1.1\r\nHost: other\r\n\r\n");
    expect(firstLine(bed.client)).toBe("HTTP/1.1 404 Not Found");
    expect([bed.pool, bed.ended]).toEqual([[], ["keep"]]);
  });

  test.each(["unavailable", "overloaded"] as const)(
    "answers 503 when the pool says %s",
    (answer) => {
      const bed = new ExchangeBed();
      bed.answers.push(answer);
      bed.request(GET);
      expect(firstLine(bed.client)).toBe("HTTP/1.1 503 Service Unavailable");
      expect([bed.pool, bed.live.inFlight, bed.ended]).toEqual([["acquire"], 0, ["keep"]]);
    },
  );

  test("tries another connection when a kept one was closed, without a word to the client", () => {
    const bed = new ExchangeBed({
      policy: { ...policy, retries: { ...policy.retries, attempts: 0 } },
    });
    const fresh = new FakeStream();
    bed.answers.push(bed.upstream(new FakeStream(), true), bed.upstream(fresh));
    bed.request(GET);
    bed.user?.onUpstreamClosed(undefined);
    expect(firstLine(fresh)).toBe("GET /a HTTP/1.1");
    expect([bed.client.text, bed.pool]).toEqual(["", ["acquire", "discard", "acquire"]]);
  });

  test("counts a broken answer against the endpoint, and answers 502 in its place", () => {
    const bed = new ExchangeBed();
    bed.answers.push(bed.upstream(new FakeStream()));
    bed.request(GET);
    bed.respond("SSH-2.0-OpenSSH\r\n\r\n");
    expect(firstLine(bed.client)).toBe("HTTP/1.1 502 Bad Gateway");
    expect(bed.pool).toEqual(["acquire", "bad", "discard"]);
  });

  test.each([
    ["local", "proxy_internal_error"],
    ["queueFull", "connection_limit_reached"],
  ] as const)("blames no endpoint for a fault of our own: %s", (failure, error) => {
    const bed = new ExchangeBed({
      policy: { ...policy, retries: { ...policy.retries, attempts: 0 } },
    });
    bed.answers.push("waiting");
    bed.request(GET);
    bed.user?.onUpstreamFailed(failure, bed.endpoint);
    expect(firstLine(bed.client)).toBe("HTTP/1.1 503 Service Unavailable");
    expect(bed.client.text).toContain(`Proxy-Status: sluice; error=${error}\r\nRetry-After: 1`);
    expect(bed.pool).toEqual(["acquire", "cancel"]);
    expect(bed.replies.stats()).toEqual([{ service: "web", errors: { [error]: 1 } }]);
  });

  test("never passes half an answer for a whole one", () => {
    const bed = new ExchangeBed();
    bed.answers.push(bed.upstream(new FakeStream()));
    bed.request(GET);
    bed.respond(`${OK}h`);
    bed.user?.onUpstreamClosed(undefined);
    expect(bed.client.done).toContain("half");
    expect(bed.pool).toEqual(["acquire", "well", "bad", "discard"]);
  });

  test("lets go of the endpoint when its client has left, and blames nobody", () => {
    const bed = new ExchangeBed();
    bed.answers.push(bed.upstream(new FakeStream()));
    bed.request(GET);
    bed.leave();
    expect([bed.pool, bed.live.inFlight, bed.ended.length]).toEqual([["acquire", "discard"], 0, 1]);
  });

  test("stops reading the endpoint while the client takes nothing", () => {
    const bed = new ExchangeBed();
    const upstream = new FakeStream();
    bed.answers.push(bed.upstream(upstream));
    bed.request(GET);
    bed.client.blocked = true;
    bed.respond(`${OK}h`);
    expect(upstream.done).toContain("pause");
  });
});

describe("Exchange at a version that is full", () => {
  const { limits } = serviceSnapshot({ v1: 1 });

  test("is answered 503 in the same turn, and counted by its priority", () => {
    const bed = new ExchangeBed({ limits: { ...limits, inFlight: 0 } });
    bed.request(GET);
    expect(firstLine(bed.client)).toBe("HTTP/1.1 503 Service Unavailable");
    expect(bed.client.text).toContain("\r\nRetry-After: 1\r\n");
    expect([bed.pool, bed.ended]).toEqual([[], ["keep"]]);
    expect(bed.policyCounts.stats()[0]?.counts).toEqual({ "shed:normal": 1 });
  });

  test("goes on when its turn comes, with all that has come of it", () => {
    const bed = new ExchangeBed({
      limits: { ...limits, inFlight: 1, pendingTimeoutMs: 60_000 },
    });
    const [pool] = bed.live.pools;
    if (pool !== undefined) pool.inFlight = 1;
    const upstream = new FakeStream();
    bed.answers.push(bed.upstream(upstream));
    bed.request(`${POST}ab`);
    expect([bed.pool, pool?.turns.size]).toEqual([[], 1]);
    pool?.left(-1, [1, 1, 1]);
    bed.more("cd");
    expect(upstream.text.endsWith("\r\n\r\nabcd")).toBe(true);
    bed.respond(`${OK}hi`);
    expect([bed.ended, pool?.inFlight]).toEqual([["keep"], 0]);
  });

  test("leaves the line with its client", () => {
    const bed = new ExchangeBed({
      limits: { ...limits, inFlight: 1, pendingTimeoutMs: 60_000 },
    });
    const [pool] = bed.live.pools;
    if (pool !== undefined) pool.inFlight = 1;
    bed.request(GET);
    bed.leave();
    expect([pool?.turns.size, pool?.inFlight, bed.live.inFlight]).toEqual([0, 1, 0]);
  });
});
