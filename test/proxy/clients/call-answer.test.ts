import { expect, test } from "vitest";
import { CallAnswer, END_OF_LEFT_CALL } from "../../../proxy/clients/call-answer.ts";

/** Two messages of 3 bytes and the beginning of a third. */
const BYTES = Buffer.from("\0\0\0\0\u0003one\0\0\0\0\u0003two\0\0", "latin1");

test("CallAnswer ends behind the last message that is whole, once it was asked to", () => {
  const call = new CallAnswer();
  call.isCall = true;
  expect(call.pass(BYTES, 0, 10)).toBe(10);
  expect([call.isBetweenMessages, call.isOver]).toEqual([false, false]);
  call.closing = true;
  expect(call.pass(BYTES, 10, 12)).toBe(12);
  expect(call.isOver).toBe(false);
  expect(call.pass(BYTES, 12, BYTES.length)).toBe(16);
  expect(call.isOver).toBe(true);
  expect(call.pass(BYTES, 0, BYTES.length)).toBe(0);
  call.reset();
  expect([call.isCall, call.closing, call.isOver]).toEqual([false, false, false]);
});

test("CallAnswer may last, unless its first message is under way", () => {
  const call = new CallAnswer();
  expect(call.isStream).toBe(false);
  call.isCall = true;
  expect(call.isStream).toBe(true);
  call.pass(BYTES, 0, 4);
  expect(call.isStream).toBe(false);
  call.pass(BYTES, 4, 10);
  expect([call.isStream, call.isBetweenMessages]).toEqual([true, false]);
});

test("The end of a call that must go elsewhere is UNAVAILABLE, which clients repeat", () => {
  expect(END_OF_LEFT_CALL).toMatch(/^grpc-status: 14\r\ngrpc-message: [^\r]+\r\n$/);
});
