import { describe, expect, test } from "vitest";
import { ExchangeEntry } from "../../../proxy/access-log/exchange-entry.ts";
import type { AccessEntry } from "../../../proxy/access-log/entry.ts";
import { ACCESS_LOG_FIELDS } from "../../../proxy/table/access-log-spec.ts";
import { ExchangeBed, FakeStream } from "../exchange/exchange-fixture.ts";
import { serviceSnapshot } from "../table/service-fixture.ts";

const GET = "GET /a?token=1 HTTP/1.1\r\nHost: web\r\nUser-Agent: me\r\n\r\n";
const POST = "POST /a HTTP/1.1\r\nHost: web\r\nContent-Length: 4\r\n\r\nabcd";
const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n";

const { policy } = serviceSnapshot({ v1: 1 });

/** An exchange whose entry is read when it ends. `wanted`: what of it. */
function watched<Key extends keyof AccessEntry>(wanted: readonly Key[], settings: object = {}) {
  const bed = new ExchangeBed(settings);
  const seen: Pick<AccessEntry, Key>[] = [];
  const entry = new ExchangeEntry(ACCESS_LOG_FIELDS);
  bed.witness.exchanges = {
    exchangeEnded: (...ended) => {
      entry.take(...ended);
      seen.push(Object.fromEntries(wanted.map((key) => [key, entry[key]])) as never);
    },
    headRefused: () => undefined,
  };
  return { bed, seen };
}

const ignore = (): void => undefined;

const HOW = ["status", "error", "flags", "attempts", "isError"] as const;

describe("ExchangeEntry", () => {
  test("tells who asked what of whom, and what came back", () => {
    const about = ["client", "protocol", "method", "host", "path", "query", "userAgent"] as const;
    const where = ["service", "version", "endpoint", "requestId"] as const;
    const { bed, seen } = watched([...about, ...where, ...HOW, "responseBytes", "firstByteMs"]);
    bed.answers.push(bed.upstream(new FakeStream()));
    bed.request(GET);
    bed.respond(`${OK}hi`);
    expect(seen).toEqual([
      {
        client: "192.0.2.1",
        protocol: "HTTP/1.1",
        method: "GET",
        host: "web",
        path: "/a",
        query: "token=1",
        userAgent: "me",
        service: "web",
        version: "v1",
        endpoint: bed.endpoint.address,
        requestId: "id-1",
        status: 200,
        error: "",
        flags: "",
        attempts: 1,
        isError: false,
        responseBytes: 2,
        firstByteMs: expect.any(Number) as number,
      },
    ]);
  });

  test("names its trace, if there is one", () => {
    const { bed, seen } = watched(["traceId"]);
    bed.request(GET);
    const hears = { tried: ignore, triedInVain: ignore, hedgeEnded: ignore, ended: ignore };
    const trace = { traceId: "4bf9", parent: "", hedged: () => "", ...hears };
    bed.witness.tracer = { begin: ({ answer }) => void (answer.note.trace = trace) };
    bed.again(GET);
    bed.witness.tracer = undefined;
    bed.again(GET);
    expect(seen).toEqual([{ traceId: "" }, { traceId: "4bf9" }, { traceId: "" }]);
  });

  test("counts the bytes of both bodies, and knows when the answer began", () => {
    const { bed, seen } = watched(["requestBytes", "responseBytes", "firstByteMs", "durationMs"]);
    bed.answers.push(bed.upstream(new FakeStream()));
    bed.request(POST);
    bed.respond(OK);
    bed.respond("hi");
    const [entry] = seen;
    expect(entry).toMatchObject({ requestBytes: 4, responseBytes: 2 });
    expect(entry?.firstByteMs).toBeLessThanOrEqual(entry?.durationMs ?? 0);
  });

  test("tells that there was nowhere to go, and knows no request's id then", () => {
    const { bed, seen } = watched([...HOW, "service", "endpoint", "responseBytes", "requestId"]);
    bed.answers.push(bed.upstream(new FakeStream()));
    bed.request(GET);
    bed.respond(`${OK}hi`);
    bed.again("GET / HTTP/1.1\r\nHost: other\r\n\r\n");
    expect(seen[1]).toEqual({
      status: 404,
      error: "no-service",
      flags: "local",
      attempts: 0,
      isError: true,
      service: "",
      endpoint: "",
      responseBytes: "No service has this host\n".length,
      requestId: "",
    });
  });

  test("tells of another attempt", () => {
    const { bed, seen } = watched(HOW, {
      policy: { ...policy, retries: { ...policy.retries, attempts: 1, on: ["connect"] } },
    });
    bed.answers.push("waiting", bed.upstream(new FakeStream()));
    bed.request(GET);
    bed.user?.onUpstreamFailed("refused", bed.endpoint);
    bed.respond(`${OK}hi`);
    expect(seen).toEqual([
      { status: 200, error: "", flags: "retried", attempts: 2, isError: false },
    ]);
  });

  test("tells that the endpoint is out now", () => {
    const { bed, seen } = watched(HOW);
    bed.answers.push(bed.upstream(new FakeStream()));
    bed.request(GET);
    bed.endpoint.ejectedUntilMs = 1;
    bed.respond("HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n");
    expect(seen).toEqual([
      { status: 500, error: "", flags: "ejected", attempts: 1, isError: true },
    ]);
  });

  test("tells that half an answer is all there was", () => {
    const { bed, seen } = watched(HOW);
    bed.answers.push(bed.upstream(new FakeStream()));
    bed.request(GET);
    bed.respond(`${OK}h`);
    bed.user?.onUpstreamClosed(undefined);
    bed.leave();
    expect(seen).toEqual([
      { status: 200, error: "reset", flags: "cut", attempts: 1, isError: true },
    ]);
  });

  test("tells that the client has left", () => {
    const { bed, seen } = watched(HOW);
    bed.answers.push(bed.upstream(new FakeStream()));
    bed.request(GET);
    bed.leave();
    expect(seen).toEqual([
      { status: 0, error: "client-left", flags: "left", attempts: 1, isError: true },
    ]);
  });

  test("tells which rule the body broke", () => {
    const { bed, seen } = watched(HOW, { policy: { ...policy, maxBodyBytes: 2 } });
    bed.request(POST);
    expect(seen).toEqual([
      { status: 413, error: "body-too-large", flags: "local", attempts: 0, isError: true },
    ]);
  });
});
