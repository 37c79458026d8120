import { expect, test } from "vitest";
import { differencesBetween } from "../../../control/records/differences.ts";

const web = { hosts: ["a", "b"], versions: { v1: { weight: 90 }, v2: { weight: 10 } } };

test.each<[string, unknown, unknown, unknown, unknown]>([
  ["nothing, when nothing differs", web, structuredClone(web), undefined, undefined],
  ["a new document whole", undefined, web, undefined, web],
  ["an old document whole", web, undefined, web, undefined],
  [
    "the weight that differs",
    web,
    { ...web, versions: { ...web.versions, v1: { weight: 0 } } },
    { versions: { v1: { weight: 90 } } },
    { versions: { v1: { weight: 0 } } },
  ],
  [
    "what stands on one side only",
    web,
    { ...web, timeout: "9s", versions: { v1: web.versions.v1 } },
    { versions: { v2: { weight: 10 } } },
    { timeout: "9s", versions: {} },
  ],
  ["elements that the other list lacks", ["a", "b", "b"], ["b", { c: 1 }], ["a", "b"], [{ c: 1 }]],
  ["both lists, when their order differs", ["a", "b"], ["b", "a"], ["a", "b"], ["b", "a"]],
  ["a value that has another kind", { a: [1] }, { a: { b: 1 } }, { a: [1] }, { a: { b: 1 } }],
  ["names of JavaScript's own", { a: 1 }, { a: 1, constructor: 2 }, {}, { constructor: 2 }],
])("differencesBetween() gives %s", (_, before, after, was, is) => {
  expect(differencesBetween(before, after)).toEqual({ before: was, after: is });
});
