import { expect, test } from "vitest";
import { Extension, nextExtensionState } from "../../../proxy/http1/chunk-extension.ts";

/** The state after all bytes of what follows a chunk's size and `;`. */
function stateAfter(text: string): number {
  let state: number = Extension.nameStart;
  for (const byte of Buffer.from(text, "latin1")) state = nextExtensionState(state, byte);
  return state;
}

test.each(["a\r", "a=b\r", "a;b\r", 'a="b;\r"\r'.replace("\r", "\t"), 'a="\\"";c=d\r', 'a=""\r'])(
  "nextExtensionState() takes %j to its end",
  (text) => {
    expect(stateAfter(text)).toBe(Extension.end);
  },
);

test.each([
  "\r",
  ";",
  " a",
  "a ",
  "a =b",
  "a=;",
  "a=\r",
  "a\n",
  'a="b"c',
  'a="\r',
  'a="\\\r',
  "a=b=c",
])("nextExtensionState() refuses %j", (text) => {
  expect(stateAfter(text)).toBe(Extension.invalid);
});

test("nextExtensionState() does not come back from a byte that was refused", () => {
  expect(stateAfter("a a;b\r")).toBe(Extension.invalid);
});
