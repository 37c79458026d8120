import { describe, expect, test } from "vitest";
import { parseH2load } from "../../../bench/load/h2load.ts";

const REPORT = `starting benchmark...
finished in 2.00s, 25000.50 req/s, 3.86MB/s
requests: 50128 total, 50001 started, 50001 done, 50001 succeeded, 0 failed, 0 errored, 0 timeout
status codes: 50001 2xx, 0 3xx, 0 4xx, 0 5xx
traffic: 7.72MB (8095238) total, 1.72MB (1803606) headers (space savings 48.57%), 2.48MB data
`;

describe("parseH2load", () => {
  test("reads a report without errors", () => {
    expect(parseH2load(REPORT)).toEqual({ requests: 50_001, perSecond: 25_000.5, errors: 0 });
  });

  test("counts what was refused as errors, not as requests", () => {
    const text = REPORT.replace(
      "50001 2xx, 0 3xx, 0 4xx, 0 5xx",
      "40001 2xx, 0 3xx, 0 4xx, 10000 5xx",
    );
    expect(parseH2load(text)).toMatchObject({ requests: 40_001, errors: 10_000 });
  });

  test("counts streams that were reset", () => {
    const text = REPORT.replace("0 failed, 0 errored", "7 failed, 7 errored");
    expect(parseH2load(text).errors).toBe(7);
  });

  test("refuses what is no report", () => {
    expect(() => parseH2load("connection refused")).toThrow(SyntaxError);
  });
});
