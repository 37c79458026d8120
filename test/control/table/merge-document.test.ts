import { describe, expect, test } from "vitest";
import type { ServiceDocument } from "../../../control/config/service-schema.ts";
import { readService } from "../../../control/config/read-service.ts";
import { mergeDocument } from "../../../control/table/merge-document.ts";

type Version = ServiceDocument["versions"][string];

const ONE = ["10.0.0.1:1"];
const TWO = ["10.0.0.2:1"];

/** A service of versions with these weights. */
function weighing(weights: Readonly<Record<string, number>>, more: object = {}): ServiceDocument {
  const versions = Object.entries(weights).map(([name, weight]): [string, Version] => [
    name,
    { weight, endpoints: ONE },
  ]);
  return { versions: Object.fromEntries(versions), ...more };
}

function weightsOf({ versions }: ServiceDocument): Record<string, number | undefined> {
  return Object.fromEntries(Object.entries(versions).map(([name, { weight }]) => [name, weight]));
}

/** What a reload makes of a service, which must be one that can be read. */
function merged(before: ServiceDocument, next: ServiceDocument, live: ServiceDocument) {
  const document = mergeDocument(before, next, live);
  readService("web", document);
  return document;
}

test.each<[string, object, object, object, object]>([
  [
    "the file's timeout",
    { timeout: "1s" },
    { timeout: "2s" },
    { timeout: "1s" },
    { timeout: "2s" },
  ],
  ["a key that the file drops", { timeout: "1s" }, {}, { timeout: "1s" }, {}],
  ["a key of the API", {}, { debug: true }, { timeout: "9s" }, { timeout: "9s", debug: true }],
  [
    "the file where both have changed one",
    { timeout: "1s" },
    { timeout: "2s" },
    { timeout: "3s" },
    { timeout: "2s" },
  ],
])("mergeDocument() takes %s, and keeps the split", (_name, before, next, live, expected) => {
  const file = { v1: 100, v2: 0 };
  const shifted = { v1: 0, v2: 100 };
  expect(
    merged(weighing(file, before), weighing(file, next), weighing(shifted, live)),
  ).toStrictEqual(weighing(shifted, expected));
});

describe("Weights after mergeDocument()", () => {
  type Weights = Readonly<Record<string, number>>;
  test.each<[string, Weights, Weights, Weights, Weights]>([
    ["stay", { v1: 9, v2: 1 }, { v1: 9, v2: 1 }, { v1: 0, v2: 5 }, { v1: 0, v2: 5 }],
    [
      "are the file's if it has changed one",
      { v1: 9, v2: 1 },
      { v1: 9, v2: 2 },
      { v1: 0, v2: 5 },
      { v1: 9, v2: 2 },
    ],
    [
      "stay beside a version that the file adds",
      { v1: 9 },
      { v1: 9, v2: 0 },
      { v1: 3 },
      { v1: 3, v2: 0 },
    ],
    ["stay when a version goes", { v1: 9, v2: 1 }, { v2: 1 }, { v1: 0, v2: 5 }, { v2: 5 }],
    ["are the file's if all would be 0", { v1: 9, v2: 1 }, { v1: 9 }, { v1: 0, v2: 5 }, { v1: 9 }],
    ["stay of a version of the API", { v1: 9 }, { v1: 9 }, { v1: 0, v2: 5 }, { v1: 0, v2: 5 }],
    [
      "stay when the file catches up",
      { v1: 9 },
      { v1: 9, v2: 0 },
      { v1: 0, v2: 5 },
      { v1: 0, v2: 5 },
    ],
    ["stay away with a version", { v1: 9, v2: 1 }, { v1: 9, v2: 1 }, { v2: 5 }, { v2: 5 }],
    [
      "work with names of JavaScript's own",
      { constructor: 9, valueOf: 1 },
      { constructor: 9, valueOf: 1 },
      { constructor: 0, valueOf: 5 },
      { constructor: 0, valueOf: 5 },
    ],
  ])("%s", (_name, before, next, live, expected) => {
    const document = merged(
      weighing(before),
      weighing(next, { timeout: "2s" }),
      weighing(live, { debug: true }),
    );
    expect(weightsOf(document)).toStrictEqual(expected);
    expect(document).toMatchObject({ timeout: "2s", debug: true });
  });

  test("appear where a lone version had none and gets company", () => {
    const lone: ServiceDocument = { versions: { v1: { endpoints: ONE } } };
    const live = { versions: { v1: { endpoints: ONE } }, debug: true };
    const next = weighing({ v1: 1, v2: 0 });
    expect(weightsOf(merged(lone, next, live))).toStrictEqual({ v1: 1, v2: 0 });
  });
});

describe("A version after mergeDocument()", () => {
  const versioned = (v1: Version, more: object = {}): ServiceDocument => ({
    versions: { v1: { weight: 1, ...v1 }, v2: { weight: 1, endpoints: TWO } },
    ...more,
  });

  test("has the state in force, and new endpoints", () => {
    const document = merged(
      versioned({ endpoints: ONE }),
      versioned({ endpoints: [...ONE, ...TWO] }),
      versioned({ endpoints: ONE, state: "drain", endpointStates: { "10.0.0.1:1": "maint" } }),
    );
    expect(document.versions["v1"]).toStrictEqual({
      weight: 1,
      state: "drain",
      endpoints: [...ONE, ...TWO],
      endpointStates: { "10.0.0.1:1": "maint" },
    });
  });

  test("has the file's state where the file has changed it", () => {
    const document = merged(
      versioned({ endpoints: ONE, state: "maint" }),
      versioned({ endpoints: ONE, state: "ready" }),
      versioned({ endpoints: ONE, state: "drain" }),
    );
    expect(document.versions["v1"]?.state).toBe("ready");
  });

  test("keeps no state of an endpoint that it has no more", () => {
    const endpointStates = { "10.0.0.1:1": "drain" } as const;
    const document = merged(
      versioned({ endpoints: [...ONE, ...TWO] }),
      versioned({ endpoints: TWO }),
      versioned({ endpoints: [...ONE, ...TWO], endpointStates }),
    );
    expect(document.versions["v1"]).toStrictEqual({ weight: 1, endpoints: TWO });
  });

  test("keeps the states of a name's addresses", () => {
    const endpoints = ["web.test:1"];
    const endpointStates = { "10.0.0.9:1": "drain" } as const;
    const document = merged(
      versioned({ endpoints }),
      versioned({ endpoints }, { timeout: "2s" }),
      versioned({ endpoints, endpointStates }),
    );
    expect(document.versions["v1"]?.endpointStates).toEqual(endpointStates);
  });

  test("leads the service, as the stable one, as it did in force", () => {
    const file = weighing({ v1: 9, v2: 1 });
    const live = weighing({ v2: 5, v1: 1 });
    const next = { ...file, timeout: "2s" };
    expect(Object.keys(merged(file, next, live).versions)).toEqual(["v2", "v1"]);
    const turned = { ...weighing({ v2: 1, v1: 9 }), timeout: "2s" };
    expect(Object.keys(merged(file, turned, weighing({ v1: 5, v2: 1 })).versions)).toEqual([
      "v2",
      "v1",
    ]);
  });
});
