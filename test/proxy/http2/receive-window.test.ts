import { expect, test } from "vitest";
import { ReceiveWindow } from "../../../proxy/http2/receive-window.ts";

test("ReceiveWindow lets no more come than it has, and gives it back by halves", () => {
  const window = new ReceiveWindow(10);
  expect([window.take(8), window.take(3), window.take(2)]).toEqual([true, false, true]);
  expect([window.giveBack(4), window.unused, window.take(1)]).toEqual([0, 6, false]);
  expect([window.giveBack(1), window.take(6), window.take(5)]).toEqual([5, false, true]);
});

test("ReceiveWindow goes on with the window of another process", () => {
  const window = new ReceiveWindow(10);
  window.take(4);
  window.giveBack(4);
  const other = new ReceiveWindow(10);
  other.restore(JSON.parse(JSON.stringify(window.toState())));
  expect([other.take(7), other.take(6), other.giveBack(6)]).toEqual([false, true, 10]);
});

test("ReceiveWindow gives a peer what a narrower one of another process lacks", () => {
  const wider = new ReceiveWindow(30);
  wider.restore(new ReceiveWindow(10).toState());
  expect([wider.giveBack(0), wider.take(30)]).toEqual([20, true]);
});

test("ReceiveWindow.widen() lets more come, and has it given back", () => {
  const window = new ReceiveWindow(10);
  window.widen(10);
  expect([window.size, window.take(20), window.giveBack(9), window.giveBack(1)]).toEqual([
    20,
    true,
    0,
    10,
  ]);
});

test("ReceiveWindow.reset() leaves nothing of the stream before", () => {
  const window = new ReceiveWindow(10);
  window.take(10);
  window.giveBack(3);
  window.reset(20);
  expect([window.unused, window.take(20), window.toState()]).toEqual([
    0,
    true,
    { left: 0, owed: 0 },
  ]);
});
