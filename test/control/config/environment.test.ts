import { describe, expect, test } from "vitest";
import {
  expandEnvironment,
  newReferences,
  variablesIn,
} from "../../../control/config/environment.ts";

const environment = { HOST: "web", EMPTY: "", LIST: "[1, 2]", NESTED: "${HOST}" };

describe("expandEnvironment()", () => {
  test.each([
    ["${HOST}", "web"],
    ["a-${HOST}.${HOST}", "a-web.web"],
    ["${EMPTY}", ""],
    ["${EMPTY:-other}", "other"],
    ["${NONE:-}", ""],
    ["${NONE:-a b:c}", "a b:c"],
    ["${LIST}", "[1, 2]"],
    ["${NESTED}", "${HOST}"],
    ["$${HOST}", "${HOST}"],
    ["$$$${HOST}", "$${HOST}"],
    ["${NONE:-$$5 and $6}", "$5 and $6"],
    ["${NONE:-$${HOST}}", "${HOST}"],
    ["$HOST costs $5", "$HOST costs $5"],
  ])("makes %j into %j", (text, expected) => {
    const { document, flaws } = expandEnvironment({ a: [text] }, environment);
    expect(document).toStrictEqual({ a: [expected] });
    expect(flaws).toStrictEqual([]);
  });

  test("says which variable is missing, and where", () => {
    const { flaws } = expandEnvironment({ a: ["x", "${NONE}"], b: "${HOST" }, environment);
    expect(flaws).toStrictEqual([
      {
        path: ["a", 1],
        wanted: "the environment variable NONE, or a default",
        found: "it is not set",
      },
      {
        path: ["b"],
        wanted: "${NAME} or ${NAME:-default} without another reference inside (write $$ for a $)",
        found: "${",
      },
    ]);
  });

  test("knows no variables of JavaScript's own", () => {
    expect(expandEnvironment("${constructor}", environment).flaws).toHaveLength(1);
  });

  test.each(["${A:-${HOST}}", "${A:-x${", "${", "${}", "${A-x}", "${1}", "${HOST:?}"])(
    "refuses %j, as ${ never stands for itself",
    (text) => {
      expect(expandEnvironment({ a: text }, environment).flaws[0]).toMatchObject({ found: "${" });
      expect(expandEnvironment({ [text]: 1 }, environment).flaws).toMatchObject([
        { path: [text], found: "${" },
      ]);
    },
  );

  test("names the texts that are one reference alone", () => {
    const document = { a: "${HOST}", b: ["x${HOST}", "${HOST:-y}", "$$", "${HOST}${HOST}", ""] };
    expect(expandEnvironment(document, environment).lone).toStrictEqual([["a"], ["b", 1]]);
  });

  test("leaves numbers and nothing alone", () => {
    const document = { a: 1, b: null, c: true };
    expect(expandEnvironment(document, environment).document).toStrictEqual(document);
  });
});

test("variablesIn() names each variable once, and none that is written out", () => {
  expect(variablesIn({ a: "${A}${B:-x}", b: ["${A}", "$${C}", "$D"] })).toEqual(["A", "B"]);
});

test("newReferences() finds references that stood elsewhere, or had another text", () => {
  const before = { a: "${A}", list: ["x", "${B}"], same: "${C:-1}" };
  expect(newReferences(before, before)).toEqual([]);
  expect(newReferences({ a: "plain", list: ["$${B}"] }, before)).toEqual([]);
  const moved = { list: ["${B}", "${A}"], same: "${C:-2}", a: "${A}" };
  expect(newReferences(moved, before).map(({ path, found }) => [path.join("."), found])).toEqual([
    ["list.0", '"${B}"'],
    ["list.1", '"${A}"'],
    ["same", '"${C:-2}"'],
  ]);
  expect(newReferences({ a: "${A}" }, undefined)).toHaveLength(1);
});
