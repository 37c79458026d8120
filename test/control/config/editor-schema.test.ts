import { Ajv } from "ajv";
import { describe, expect, test } from "vitest";
import { editorSchema } from "../../../control/config/editor-schema.ts";
import { readYaml } from "../../../control/config/yaml-text.ts";
import { blocksOf, pages } from "../../support/documents.ts";

/*
 * Goal: an editor marks mistakes and nothing else. Method: a validator of JSON Schema that knows
 * nothing of us reads the documented files, before any variable has its value.
 */

const LISTENERS = "listeners: [{ bind: 127.0.0.1:8080 }]\n";

// Strict: also refuses a schema with words that draft 7 does not have.
const accepts = new Ajv({ strict: true, allowUnionTypes: true, strictTypes: false }).compile(
  editorSchema(),
);

/** What an editor would mark: the paths of everything that is wrong. */
function marksIn(text: string): readonly string[] {
  const whole = /^listeners:/m.test(text) ? text : `${LISTENERS}${text}`;
  accepts(readYaml(whole, "example").document);
  return (accepts.errors ?? []).map(({ instancePath }) => instancePath);
}

const examples = pages().flatMap((page) =>
  blocksOf(page)
    .filter(({ tags }) => tags.includes("sluice-check"))
    .map(({ text }) => ({ path: page.path, text })),
);

describe("editorSchema()", () => {
  test.each(examples)("takes the examples of $path", ({ text }) => {
    expect(marksIn(text)).toEqual([]);
  });

  test.each([
    ["an unknown key", "workres: 2", ""],
    [
      "an unknown key of a service",
      "services: { web: { versions: {}, retrys: 1 } }",
      "/services/web",
    ],
    ["a number in words", "workers: two", "/workers"],
    ["a number out of bounds", "workers: 65", "/workers"],
    ["a duration without a unit", "drain: { hard: 90 }", "/drain/hard"],
    ["a duration with a unit of its own", "drain: { hard: 90sec }", "/drain/hard"],
    ["a choice that there is not", "log: { level: debug }", "/log/level"],
    ["a missing key", "store: { kind: file }", "/store"],
    ["a text for a boolean", "consul: { warningIsHealthy: yes }", "/consul/warningIsHealthy"],
    ["a wrong name", "services: { web: { versions: { 1: {} } } }", "/services/web/versions"],
    ["a variable as a key", "services: { '${X}': { versions: {} } }", "/services"],
  ])("refuses %s", (_what, text, path) => {
    expect(marksIn(text)).toContain(path);
  });

  test.each([
    ["a number", "workers: ${WORKERS:-1}"],
    ["a boolean", "consul: { warningIsHealthy: '${WARN}' }"],
    ["a choice", "log: { level: '${LEVEL}' }"],
    ["a kind", "store: { kind: '${KIND}', path: state.json }"],
    ["a duration", "drain: { hard: '${HARD}s' }"],
    ["a name", "services: { web: { stable: 'v${N}', versions: {} } }"],
  ])("takes a variable for %s", (_what, text) => {
    expect(marksIn(text)).toEqual([]);
  });

  test.each([
    ["control: { auth: off }"],
    ["listeners: [{ bind: 127.0.0.1:8080, tls: connect }]"],
    ["x-anchors: { a: 1 }"],
    ["drain: { acceptFor: 0 }"],
  ])("takes the short form %s", (text) => {
    expect(marksIn(text)).toEqual([]);
  });
});
