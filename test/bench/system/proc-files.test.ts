import { describe, expect, test } from "vitest";
import {
  parseCpuList,
  parseMachineTime,
  parseProcessStat,
  parseSmapsRollup,
} from "../../../bench/system/proc-files.ts";

describe("parseProcessStat", () => {
  const rest = "S 41 42 43 0 -1 4194560 1500 0 3 0 250 31 7 9 20 0 11 0 8814 1 2";

  test("reads the parent and the times, in ticks of 10 ms", () => {
    expect(parseProcessStat(`4711 (node) ${rest}`)).toEqual({
      parentPid: 41,
      userUs: 2_500_000,
      systemUs: 310_000,
    });
  });

  test("is not misled by parentheses and blanks in the program's name", () => {
    expect(parseProcessStat(`4711 (a) S 99 (b) ${rest}`).parentPid).toBe(41);
  });

  test("refuses what is no such line", () => {
    expect(() => parseProcessStat("4711 (node) S 41")).toThrow(SyntaxError);
  });
});

describe("parseSmapsRollup", () => {
  const text = "00400000-7fff0000 ---p 00000000 00:00 0 [rollup]\nRss:  9000 kB\nPss:    6144 kB\n";

  test("reads a value in bytes, and not one whose name begins alike", () => {
    expect(parseSmapsRollup(`Pss_Anon:   1 kB\n${text}`, "Pss")).toBe(6144 * 1024);
  });

  test("refuses a text without it", () => {
    expect(() => parseSmapsRollup(text, "Swap")).toThrow("wanted Swap, found none");
  });
});

describe("parseMachineTime", () => {
  test("adds up without the guests, which user holds already, and finds what was stolen", () => {
    const text = "cpu  100 1 50 800 9 3 7 30 90 1\ncpu0 1 1 1 1 1 1 1 1 1 1\n";
    expect(parseMachineTime(text)).toEqual({ total: 1000, steal: 30 });
  });

  test("refuses a text without the line", () => {
    expect(() => parseMachineTime("cpu0 1 2 3\n")).toThrow(SyntaxError);
  });
});

describe("parseCpuList", () => {
  test.each([
    ["0", [0]],
    ["0-3\n", [0, 1, 2, 3]],
    ["1,4-5,9", [1, 4, 5, 9]],
  ])("reads %j", (text, cores) => {
    expect(parseCpuList(text)).toEqual(cores);
  });

  test("refuses what is no list", () => {
    expect(() => parseCpuList("all")).toThrow(SyntaxError);
  });
});
