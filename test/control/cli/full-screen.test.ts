import { expect, test } from "vitest";
import { FullScreen } from "../../../control/cli/full-screen.ts";
import { FakeTerminal } from "../../support/fake-terminal.ts";

test("FullScreen draws frames over each other, and leaves nothing of a longer one", () => {
  const terminal = new FakeTerminal(20, 4);
  const screen = new FullScreen(terminal);
  screen.draw(["first line", "second", "third"]);
  screen.draw(["first", "2nd"]);
  expect(terminal.lines).toEqual(["first", "2nd", "", ""]);
});

test("FullScreen gives the terminal back as it was", () => {
  const terminal = new FakeTerminal(20, 4);
  terminal.write("$ sluice top");
  const screen = new FullScreen(terminal);
  screen.draw(["a"]);
  screen.leave();
  screen.leave();
  expect(terminal.lines[0]).toBe("$ sluice top");
  expect(terminal.written.endsWith("\u001B[?25h\u001B[?1049l")).toBe(true);
});

test("FullScreen writes nothing when nothing has changed, unless it has to begin again", () => {
  const terminal = new FakeTerminal(20, 4);
  const screen = new FullScreen(terminal);
  screen.draw(["a"]);
  const { written } = terminal;
  screen.draw(["a"]);
  expect(terminal.written).toBe(written);
  screen.forget();
  screen.draw(["a"]);
  expect(terminal.written.length).toBeGreaterThan(written.length);
});
