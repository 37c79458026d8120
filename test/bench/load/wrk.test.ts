import { describe, expect, test } from "vitest";
import { parseWrk } from "../../../bench/load/wrk.ts";

const REPORT = `Running 2s test @ http://127.0.0.1:8080/small
  1 threads and 64 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     1.10ms  300.00us  12.00ms   90.00%
    Req/Sec    50.00k     2.00k   55.00k    80.00%
  100000 requests in 2.00s, 20.00MB read
Requests/sec:  50000.00
Transfer/sec:     10.00MB
`;

describe("parseWrk", () => {
  test("reads a report without errors", () => {
    expect(parseWrk(REPORT)).toEqual({ requests: 100_000, perSecond: 50_000, errors: 0 });
  });

  test("counts refused requests as errors, not as requests", () => {
    const text = REPORT.replace("Requests/sec", "  Non-2xx or 3xx responses: 40000\nRequests/sec");
    expect(parseWrk(text)).toEqual({ requests: 60_000, perSecond: 30_000, errors: 40_000 });
  });

  test("adds up socket errors of all kinds", () => {
    const errors = "  Socket errors: connect 1, read 20, write 300, timeout 4000\n";
    expect(parseWrk(REPORT.replace("Requests/sec", `${errors}Requests/sec`)).errors).toBe(4321);
  });

  test("reads times in other units", () => {
    expect(parseWrk("  600 requests in 500.00ms, 1MB read").perSecond).toBe(1200);
    expect(parseWrk("  600 requests in 1.00m, 1MB read").perSecond).toBe(10);
  });

  test("refuses what is no report", () => {
    expect(() => parseWrk("unable to connect")).toThrow(SyntaxError);
  });
});
