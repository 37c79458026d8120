import { describe, expect, test } from "vitest";
import { BodyCollector } from "../../../proxy/exchange/body-collector.ts";
import { BufferBudget } from "../../../proxy/exchange/buffer-budget.ts";
import { serviceSnapshot } from "../table/service-fixture.ts";
import { ExchangeBed, FakeStream, requestHead } from "./exchange-fixture.ts";

const POST = "POST / HTTP/1.1\r\nHost: web\r\n";
const CHUNKED = `${POST}Transfer-Encoding: chunked\r\n\r\n`;

type Bed = { collector: BodyCollector; budget: BufferBudget; heard: string[]; begins: boolean };

function bed(fields = "Transfer-Encoding: chunked\r\n", isWhole = false, max = 10): Bed {
  const budget = new BufferBudget(100);
  const heard: string[] = [];
  const collector = new BodyCollector(requestHead(`${POST}${fields}\r\n`), budget);
  const begins = collector.begins(isWhole, max, () => heard.push("collected"));
  return { collector, budget, heard, begins };
}

describe("BodyCollector", () => {
  test("tells when the body is whole, and gives back what it counted", () => {
    const { collector, budget, heard } = bed();
    collector.more(4, false);
    expect([heard, budget.used, collector.isActive]).toEqual([[], 4, true]);
    collector.more(9, true);
    expect([heard, budget.used, collector.isActive]).toEqual([["collected"], 0, false]);
  });

  test("tells when it has enough, or all bodies together have", () => {
    const enough = bed();
    enough.collector.more(10, false);
    expect(enough.heard).toEqual(["collected"]);
    const poor = bed();
    poor.budget.use(95);
    poor.collector.more(6, false);
    expect([poor.heard, poor.budget.used]).toEqual([["collected"], 95]);
  });

  test("gives back what it counted of a request that is gone", () => {
    const { collector, budget, heard } = bed();
    collector.more(4, false);
    collector.clear();
    expect([heard, budget.used, collector.isActive]).toEqual([[], 0, false]);
  });

  test.each([
    ["is whole", "Content-Length: 0\r\n", true],
    ["will be too long", "Content-Length: 11\r\n", false],
    ["waits for a word first", "Content-Length: 5\r\nExpect: 100-continue\r\n", false],
    ["wants another protocol", "Connection: Upgrade\r\nUpgrade: other\r\n", false],
  ])("waits for nothing where the request %s", (_what, fields, isWhole) => {
    expect(bed(fields, isWhole).begins).toBe(false);
  });
});

describe("A request that is buffered", () => {
  const { policy } = serviceSnapshot({ v1: 1 });
  const buffer = { requestBytes: 32, responseBytes: 0 };

  function exchange(): { bed: ExchangeBed; upstream: FakeStream } {
    const made = new ExchangeBed({ policy: { ...policy, buffer } });
    const upstream = new FakeStream();
    made.answers.push(made.upstream(upstream));
    return { bed: made, upstream };
  }

  test("reaches an endpoint when all of it is there, with its length", () => {
    const { bed: to, upstream } = exchange();
    to.request(`${CHUNKED}3\r\nabc\r\n`);
    expect([to.pool, upstream.text, to.client.done]).toEqual([[], "", []]);
    to.more("2\r\nde\r\n");
    expect(to.pool).toEqual([]);
    to.more("0\r\n\r\n");
    expect(to.pool).toEqual(["acquire"]);
    expect(upstream.text).toContain("\r\nContent-Length: 5\r\n");
    expect(upstream.text.toLowerCase()).not.toContain("transfer-encoding");
    expect(upstream.text.endsWith("\r\n\r\nabcde")).toBe(true);
  });

  test("goes with its length too if it came at once", () => {
    const { bed: to, upstream } = exchange();
    to.request(`${CHUNKED}3\r\nabc\r\n0\r\n\r\n`);
    expect(upstream.text).toContain("\r\nContent-Length: 3\r\n");
    expect(upstream.text.endsWith("\r\n\r\nabc")).toBe(true);
  });

  test("streams as ever when it is larger, and nothing of it is lost", () => {
    const { bed: to, upstream } = exchange();
    to.request(`${CHUNKED}14\r\n${"x".repeat(20)}\r\n`);
    expect(to.pool).toEqual([]);
    to.more(`14\r\n${"y".repeat(20)}\r\n`);
    to.more("0\r\n\r\n");
    expect(to.pool).toEqual(["acquire"]);
    expect(upstream.text).toContain("\r\nTransfer-Encoding: chunked\r\n");
    const chunks = `14\r\n${"x".repeat(20)}\r\n14\r\n${"y".repeat(20)}\r\n0\r\n\r\n`;
    expect(upstream.text.endsWith(`\r\n\r\n${chunks}`)).toBe(true);
  });

  test("keeps its trailers, and its chunks for them", () => {
    const { bed: to, upstream } = exchange();
    to.request(
      `${POST}TE: trailers\r\nConnection: TE\r\nTrailer: x-a\r\n` +
        "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-A: 1\r\n\r\n",
    );
    expect(upstream.text).toContain("\r\nTransfer-Encoding: chunked\r\n");
    expect(upstream.text.endsWith("3\r\nabc\r\n0\r\nX-A: 1\r\n\r\n")).toBe(true);
  });

  test("is refused with 408 when its client stops, and counts against no endpoint", () => {
    const { bed: to } = exchange();
    to.request(`${CHUNKED}3\r\nabc\r\n`);
    to.after(60_000);
    expect(to.client.text).toMatch(/^HTTP\/1.1 408 /);
    expect([to.pool, to.ended, to.live.inFlight]).toEqual([[], ["close"], 0]);
  });
});
