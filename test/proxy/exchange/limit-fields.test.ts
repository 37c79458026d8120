import { expect, test } from "vitest";
import { seededRandom } from "../../../proxy/base/random.ts";
import { LimitFields } from "../../../proxy/exchange/limit-fields.ts";
import type { RateLimitSnapshot } from "../../../proxy/table/rate-limit.ts";
import { KeyedRate } from "../../../proxy/upstream/keyed-rate.ts";
import { route } from "../table/service-fixture.ts";
import { ExchangeBed, FakeStream } from "./exchange-fixture.ts";

const TWO: RateLimitSnapshot = { requests: 2, perS: 3_600, by: undefined, keysMax: 10 };
const GET = "GET /a HTTP/1.1\r\nHost: web\r\n\r\n";

test("LimitFields say what is left of each limit, and when to come again", () => {
  const fields = new LimitFields();
  expect(fields.lines).toBe("");
  const [wide, narrow] = [100, 1].map(
    (requests) => new KeyedRate({ ...TWO, requests, perS: 10 }, seededRandom(1)),
  ) as [KeyedRate, KeyedRate];
  wide.take("", 0);
  fields.add("service", wide);
  narrow.take("", 0);
  narrow.take("", 500);
  fields.add("route", narrow);
  expect(fields.lines.split("\r\n")).toEqual([
    'RateLimit-Policy: "service";q=100;w=10, "route";q=1;w=10',
    'RateLimit: "service";r=99;t=1, "route";r=0;t=10',
    "Retry-After: 10",
    "",
  ]);
  fields.clear();
  expect(fields.lines).toBe("");
});

test("A request over a limit is answered 429, reaches no endpoint and counts in no version", () => {
  const bed = new ExchangeBed({ routes: [{ ...route({}), rateLimit: TWO }] });
  for (let count = 0; count < 2; count += 1) {
    bed.answers.push(bed.upstream(new FakeStream()));
    bed.request(GET);
    bed.respond("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  }
  expect(bed.client.text).toContain('\r\nRateLimit: "route";r=1;t=1800\r\n');
  expect(bed.client.text).toContain('\r\nRateLimit: "route";r=0;t=');
  expect(bed.client.text).not.toContain("Retry-After");
  bed.client.text = "";
  bed.request(GET);
  expect(bed.client.text).toMatch(/^HTTP\/1.1 429 Too Many Requests\r\n/);
  expect(bed.client.text).toContain("Proxy-Status: sluice; error=http_request_denied\r\n");
  expect(bed.client.text).toMatch(/\r\nRetry-After: 1[78]\d\d\r\n/);
  expect(bed.pool.filter((each) => each === "acquire")).toHaveLength(2);
  expect(bed.policyCounts.stats()[0]?.counts).toEqual({ "limited:route": 1 });
  expect(bed.ended).toEqual(["keep", "keep", "keep"]);
});
