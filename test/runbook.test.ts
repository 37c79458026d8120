import { expect, test } from "vitest";
import { codesIn, pages } from "./support/documents.ts";
import { sourceFiles } from "./support/source-files.ts";

/*
 * Goal: what the runbook tells somebody to look for at night is there. Method: every name in it
 * that looks like one of ours stands in the sources as a string. (Metrics, links: docs.test.ts.)
 */

const SOURCES = sourceFiles(["proxy", "control"])
  .map(({ text }) => text)
  .join("\n");

const CODES = codesIn(pages().find(({ path }) => path === "docs/runbook.md")?.text ?? "");

function missing(pattern: RegExp): readonly string[] {
  return CODES.filter((code) => pattern.test(code) && !SOURCES.includes(`"${code}"`));
}

test("Events of the log that the runbook names are written", () => {
  const keys = /^(?:keepAlive|limits|control)\./;
  const ours = missing(/^[a-z-]+(?:\.[a-z_-]+)+$/).filter((code) => !keys.test(code));
  expect(ours).toEqual([]);
});

test("Errors, problems and phases that the runbook names are told", () => {
  const metrics = /^sluice_/;
  expect(missing(/^[a-z]+(?:_[a-z]+)+$/).filter((code) => !metrics.test(code))).toEqual([]);
});
