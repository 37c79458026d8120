import { expect, test } from "vitest";
import {
  countdownText,
  latencyText,
  excessText,
  manyText,
  momentText,
  partText,
  perSecondText,
  spanText,
} from "../../../control/page/texts.ts";

test.each([
  [undefined, "–"],
  [0, "0 %"],
  [0.0004, "<0.1 %"],
  [0.0012, "0.1 %"],
  [0.9, "90 %"],
  [0.9989, "99.9 %"],
  [0.9996, ">99.9 %"],
  [1, "100 %"],
  [Number.NaN, "–"],
])("partText(%s) is %s: what is not all, or not nothing, does not read so", (part, text) => {
  expect(partText(part)).toBe(text);
});

test.each([
  [undefined, "–"],
  [0, "0"],
  [0.04, "0.04"],
  [1.84, "1.8"],
  [168.2, "168"],
])("perSecondText(%s) is %s", (rate, text) => {
  expect(perSecondText(rate)).toBe(text);
});

test.each([
  [undefined, "–"],
  [0.512, "0.512 ms"],
  [16.384, "16.4 ms"],
  [1_234, "1.2 s"],
])("latencyText(%s) is %s", (ms, text) => {
  expect(latencyText(ms)).toBe(text);
});

test.each([
  [-5, "0 s"],
  [12_400, "12 s"],
  [180_000, "3 min"],
  [7_200_000, "2 h"],
  [5 * 86_400_000, "5 d"],
])("spanText(%s) is %s", (ms, text) => {
  expect(spanText(ms)).toBe(text);
});

test("momentText() has the day only when it is another one", () => {
  const at = new Date(2026, 10, 29, 8, 2, 5);
  expect(momentText(at.toISOString(), at.getTime() + 3_600_000)).toBe("08:02:05");
  expect(momentText(at.toISOString(), at.getTime() + 86_400_000)).toBe("29 Nov 08:02:05");
});

test.each([
  [-0.112, "0.11 failed requests fewer"],
  [0, "0 failed requests more"],
  [1.001, "1 failed request more"],
  [12.49, "12 failed requests more"],
])("excessText(%s) is %s", (failures, text) => {
  expect(excessText(failures)).toBe(text);
});

test("manyText() counts", () => {
  expect([0, 1, 2].map((count) => manyText(count, "endpoint"))).toEqual([
    "0 endpoints",
    "1 endpoint",
    "2 endpoints",
  ]);
});

test.each([
  [299_400, "4:59"],
  [60_000, "1:00"],
  [5_000, "0:05"],
  [-1_000, "0:00"],
  [7_200_000, "120:00"],
])("countdownText(%s) is %s", (ms, text) => {
  expect(countdownText(ms)).toBe(text);
});
