import { expect, test } from "vitest";
import { latin1 } from "../../../proxy/base/latin1.ts";

test("latin1() is one character a byte, of the part that is asked for", () => {
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
  const text = latin1(bytes, 0, 256);
  expect(Array.from({ length: 256 }, (_, at) => text.charCodeAt(at))).toEqual([...bytes]);
  expect([latin1(bytes, 65, 68), latin1(bytes, 65, 65)]).toEqual(["ABC", ""]);
});
