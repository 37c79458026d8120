import stringWidth from "string-width";
import { describe, expect, test } from "vitest";
import { plain } from "../../../../control/cli/terminal.ts";
import { topFrame } from "../../../../control/cli/top/top-frame.ts";
import { TOP_START } from "../../../../control/cli/top/top-state.ts";
import type { TopState } from "../../../../control/cli/top/top-state.ts";
import { lookAt, lookedService } from "./look-fixture.ts";

const LOOKING: TopState = { ...TOP_START, look: lookAt() };

function frame(state: TopState, columns: number, rows: number): readonly string[] {
  return topFrame(state, { columns, rows }, plain).map((line) => line.trimEnd());
}

describe("topFrame()", () => {
  test("fits 80 columns, with the figures that matter in an outage", () => {
    expect(frame(LOOKING, 80, 12)).toEqual([
      "sluice 127.0.0.1:9180  revision 7  2 services  186/s  errors 0.1 %  tunnels 12",
      "ready",
      "SERVICE        STATE   UP  WEIGHT  SHARE  RATE/S  ERRORS    P99  OPEN  TUNNELS",
      "api                                            0       -      -     0        0",
      "  v1 (stable)  ready  2/2      90   90 %       0       -      -     0        0",
      "  v2           ready  1/1      10   10 %       0       -      -     0        0",
      "shop                                         186   0.1 %  16 ms     3       12",
      "  v1 (stable)  ready  2/2      90   90 %     168     0 %  16 ms     1       10",
      "  v2           ready  1/1      10   10 %      19     1 %  16 ms     1       10",
      "",
      "",
      "s shift  d drain  r ready  p pause  a abort  / find  o order  ? help  q quit",
    ]);
  });

  test("has all columns at 120", () => {
    expect(frame(LOOKING, 120, 12)[2]).toBe(
      "SERVICE        STATE   UP  WEIGHT  SHARE  RATE/S  ERRORS     P50    P99  OPEN  TUNNELS",
    );
  });

  test.each([
    [80, 24],
    [120, 40],
    [40, 10],
    [20, 3],
    [1, 1],
  ])("is never larger than %i × %i", (columns, rows) => {
    const services = Array.from({ length: 30 }, (_each, at) => lookedService(`service-${at}`));
    const problems = ["a".repeat(300), "another"];
    const act = { kind: "abort", service: "shop" } as const;
    const states: TopState[] = [
      TOP_START,
      { ...LOOKING, look: lookAt({ services, problems }) },
      { ...LOOKING, mode: { kind: "help" } },
      { ...LOOKING, mode: { kind: "confirm", act, about: ["b".repeat(300)] } },
      { ...LOOKING, message: { text: "c".repeat(300), isError: true } },
    ];
    for (const state of states) {
      const lines = topFrame(state, { columns, rows }, plain);
      expect(lines).toHaveLength(rows);
      for (const line of lines) expect(stringWidth(line)).toBeLessThanOrEqual(columns);
    }
  });

  test("scrolls to the chosen version, and keeps the head", () => {
    const services = Array.from({ length: 30 }, (_each, at) => lookedService(`s-${10 + at}`));
    const chosen = { service: "s-39", version: "v2" };
    const lines = frame({ ...LOOKING, look: lookAt({ services }), chosen }, 80, 12);
    expect(lines[2]).toMatch(/^SERVICE/);
    expect(lines.slice(-4)).toEqual([
      expect.stringMatching(/^s-39/),
      expect.stringMatching(/^ {2}v1/),
      expect.stringMatching(/^ {2}v2/),
      expect.stringMatching(/^s shift/),
    ]);
  });

  test("says what is wrong, and how much more", () => {
    const problems = ["shop: nothing serves it", "another", "a third"];
    expect(frame({ ...LOOKING, look: lookAt({ problems }) }, 80, 8)[1]).toBe(
      "problem: shop: nothing serves it (and 2 more: sluice status)",
    );
    const lost = "Cannot reach http://127.0.0.1:9180";
    expect(frame({ ...LOOKING, look: lookAt({ lost }) }, 80, 8)[1]).toBe(lost);
  });

  test("shows what an act would do above the question", () => {
    const act = { kind: "abort", service: "shop" } as const;
    const about = ["abort the rollout of shop", "v2 gives back 10 %"];
    const lines = frame({ ...LOOKING, mode: { kind: "confirm", act, about } }, 80, 24);
    expect(lines.slice(-3)).toEqual([...about, "y: do it   any other key: no"]);
  });

  test("says that no service has such a name", () => {
    expect(frame({ ...LOOKING, find: "x" }, 80, 8)[3]).toBe('no service has "x" in its name');
  });
});
