import { expect, test } from "vitest";
import { Redraw } from "../../../control/cli/redraw.ts";

test("Redraw goes back over exactly the lines that it drew before", () => {
  const written: string[] = [];
  const redraw = new Redraw((text) => void written.push(text));
  for (const text of ["one", "two\nlines", "three"]) redraw.draw(text);
  expect(written).toEqual(["one\n", "\u001B[1F\u001B[Jtwo\nlines\n", "\u001B[2F\u001B[Jthree\n"]);
});
