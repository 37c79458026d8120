import { expect, test } from "vitest";
import { hashOf, pagePlaceOf } from "../../../control/page/place.ts";
import type { PagePlace } from "../../../control/page/place.ts";

const PLACES: readonly PagePlace[] = [
  { kind: "services" },
  { kind: "fleet" },
  { kind: "audit" },
  { kind: "service", name: "shop" },
  { kind: "service", name: "a/b #?%" },
];

test.each(PLACES)("%j has an address, and is found by it again", (place) => {
  expect(pagePlaceOf(hashOf(place))).toEqual(place);
});

test.each(["", "#", "#/service/", "#/service/%E0%A4%A", "#/other", "#fleet"])(
  "%j is the list of services",
  (hash) => {
    expect(pagePlaceOf(hash)).toEqual({ kind: "services" });
  },
);
