import { describe, expect, test } from "vitest";
import { markdownReport } from "../../../bench/report/markdown.ts";
import type { Results } from "../../../bench/results.ts";
import { aRun, latenciesAt, loadsAt } from "../a-run.ts";

const RUN: Results = aRun({
  contenders: {
    direct: { version: "–", how: "no proxy" },
    sluice: { version: "0.1.0", how: "defaults" },
    nginx: { version: "1.22.1", how: "split_clients" },
  },
  missing: [{ contender: "envoy", why: "not installed" }],
  loads: [
    ...loadsAt("direct", [0, 0, 0]),
    ...loadsAt("sluice", [12, 13, 14]),
    ...loadsAt("nginx", [10, 10, 10]),
  ],
  latencies: latenciesAt("sluice", [200]),
  memory: [
    {
      contender: "sluice",
      round: 1,
      idleBytes: 64 * 2 ** 20,
      perConnectionBytes: 4608,
      perUnreadBytes: 1024,
    },
  ],
});

function lineOf(report: string, start: string): string | undefined {
  return report.split("\n").find((line) => line.startsWith(start));
}

describe("markdownReport()", () => {
  const report = markdownReport(RUN);

  test("says machine, versions, command and noise", () => {
    expect(report).toContain("`npm run bench -- --quick`, 2026-11-24T10:20Z");
    expect(report).toContain("Example 9000, 2 processors, 8 GiB; Linux 6.1; Node v26.0.0");
    expect(report).toContain("load average before the run 0.1, stolen by the hypervisor 1.2 %");
    expect(report).toContain("| nginx | 1.22.1 | split_clients |");
  });

  test("names a contender that is missing", () => {
    expect(report).toContain("| envoy | – | not installed |");
  });

  test("shows cost, ratios, latency and memory of each", () => {
    expect(lineOf(report, "| sluice | 13")).toBe(
      "| sluice | 13 (12–14) | 3.25 (3–3.50) | 1.30 | – | – | 500 | 5 000 | 100 | 200 | 400 | " +
        "64 | 4.50 |",
    );
  });

  test("shows no cost for no proxy", () => {
    expect(lineOf(report, "| direct | –")).toContain("| direct | – | – | – | – | – | 500 |");
  });

  test("says which promise is kept and which is not", () => {
    const budget = lineOf(report, "| processor time a request, against nginx");
    expect(budget).toContain("1.30 (1.20–1.40) | **missed** |");
    expect(lineOf(report, "| memory an idle keep-alive")).toContain("4.50 | kept |");
    expect(lineOf(report, "| processor time a request, against Envoy")).toContain("not measured");
  });

  test("tells how many requests failed", () => {
    const failed = loadsAt("nginx", [10]).map((load) => ({ ...load, round: 4, errors: 5_000 }));
    const loads = [...RUN.loads, ...failed];
    expect(lineOf(markdownReport({ ...RUN, loads }), "| small GET, 64")).toBe(
      "| small GET, 64 connections | 13 | 10 [5000 errors] |",
    );
  });
});
