import { expect, test } from "vitest";
import { NameIndex } from "../../../proxy/transport/name-index.ts";

function indexOf(...names: readonly string[]): NameIndex<string> {
  const index = new NameIndex<string>();
  for (const name of names) index.add(name, name);
  return index;
}

test.each([
  ["shop.example", "shop.example"],
  ["www.shop.example", "*.Shop.example"],
  ["api.shop.example", "API.Shop.example"],
  ["a.b.shop.example", undefined],
  [".shop.example", undefined],
  ["other.example", undefined],
  ["example", undefined],
  ["", undefined],
])("NameIndex finds for %j: %s", (host, found) => {
  const index = indexOf("shop.example", "*.Shop.example", "API.Shop.example");
  expect(index.find(host)).toBe(found);
  expect(index.has(host)).toBe(found !== undefined);
});

test("NameIndex leaves a name to whom it was given first", () => {
  const index = new NameIndex<number>();
  index.add("A.example", 1);
  index.add("a.example", 2);
  expect(index.find("a.example")).toBe(1);
});
