import { describe, expect, test } from "vitest";
import { serviceSnapshot } from "../table/service-fixture.ts";
import { FakeStream } from "../exchange/exchange-fixture.ts";
import { parentsIn, tracedBed } from "./traced-bed.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT = "00f067aa0ba902b7";

const get = (...lines: readonly string[]): string =>
  ["GET / HTTP/1.1", "Host: web", ...lines, "", ""].join("\r\n");

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

type Bed = ReturnType<typeof tracedBed>["bed"];

/** One exchange from its request to its answer. What the endpoint got. */
function exchanged(bed: Bed, request: string): string {
  const stream = new FakeStream();
  bed.answers.push(bed.upstream(stream));
  bed.again(request);
  bed.respond(OK);
  return stream.text;
}

describe("Tracer", () => {
  test("touches nothing while it is off", () => {
    const { bed, tracer, spans } = tracedBed();
    const sent = get("TraceParent: any", "tracestate: a=b");
    expect(exchanged(bed, sent)).toContain("TraceParent: any\r\ntracestate: a=b\r\n");
    tracer.follow(1);
    tracer.follow(undefined);
    expect(exchanged(bed, sent)).toContain("TraceParent: any\r\ntracestate: a=b\r\n");
    expect(parentsIn(exchanged(bed, get()))).toEqual([]);
    expect(spans).toEqual([]);
  });

  test("passes on what is not sampled, in a span of its own and with the client's state", () => {
    const { bed, tracer, spans } = tracedBed();
    tracer.follow(0);
    const sent = get("tracestate: a=1", `traceparent: 00-${TRACE}-${PARENT}-01`, "TraceState: b=2");
    const got = exchanged(bed, sent);
    const [parent = "", ...others] = parentsIn(got);
    expect(others).toEqual([]);
    expect(parent).toMatch(new RegExp(`^00-${TRACE}-[0-9a-f]{16}-00$`));
    expect(parent).not.toContain(PARENT);
    expect(got.match(/tracestate.*/gi)).toEqual(["tracestate: a=1,b=2"]);
    expect(spans).toEqual([]);
  });

  test("begins a trace where there is none, or none that is valid, without its state", () => {
    const { bed, tracer } = tracedBed();
    tracer.follow(0);
    const bad = get(`traceparent: 00-${TRACE.toUpperCase()}-${PARENT}-01`, "tracestate: a=1");
    const made = [get(), get(), bad].map((sent) => exchanged(bed, sent));
    const parents = made.flatMap(parentsIn);
    for (const parent of parents) expect(parent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/);
    expect(new Set(parents.map((parent) => parent.slice(3, 35))).size).toBe(3);
    expect(made.join("")).not.toMatch(/tracestate/i);
  });

  test("draws for strangers, whatever they say", () => {
    const { bed, tracer, spans } = tracedBed({}, [0.2, 0.05]);
    tracer.follow(0.1);
    exchanged(bed, get(`traceparent: 00-${TRACE}-${PARENT}-01`));
    expect(spans).toEqual([]);
    exchanged(bed, get(`traceparent: 00-${TRACE}-${PARENT}-00`));
    expect(spans.map(({ traceId, parentSpanId }) => [traceId, parentSpanId])).toMatchObject([
      [TRACE, PARENT],
      [TRACE, spans[0]?.spanId],
    ]);
  });

  test("leaves it to trusted peers to decide", () => {
    const { bed, tracer, spans } = tracedBed({}, [0, 0]);
    tracer.follow(0.1);
    bed.trusts = true;
    exchanged(bed, get(`traceparent: 00-${TRACE}-${PARENT}-00`));
    expect(spans).toEqual([]);
    exchanged(bed, get(`traceparent: 00-${TRACE}-${PARENT}-01`));
    expect(spans).toHaveLength(2);
    // Who says nothing decides nothing.
    exchanged(bed, get());
    expect(spans).toHaveLength(4);
  });

  test("keeps one traceparent in a head that a route has changed, another for each try", () => {
    const { policy } = serviceSnapshot({ v1: 1 });
    const retries = { ...policy.retries, attempts: 1, on: ["503"] as const };
    const deadlineField = "x-left";
    const { bed, tracer, spans } = tracedBed({
      policy: { ...policy, timeoutMs: 5_000, retries, deadlineField },
    });
    tracer.follow(1);
    const streams = [new FakeStream(), new FakeStream()];
    bed.answers.push(...streams.map((stream) => bed.upstream(stream)));
    bed.request(get());
    bed.respond("HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n");
    bed.respond(OK);
    const parents = streams.map(({ text }) => parentsIn(text));
    expect(parents).toEqual(
      spans.slice(1).map(({ traceId, spanId }) => [`00-${traceId}-${spanId}-01`]),
    );
    expect(spans).toHaveLength(3);
    for (const { text } of streams) expect(text).toMatch(/^x-left: \d+\r$/m);
  });
});
