import { METHODS } from "node:http";
import { expect, test } from "vitest";
import { findMethod } from "../../../proxy/http1/methods.ts";
import type { Method } from "../../../proxy/http1/methods.ts";

function methodOf(text: string): Method {
  const bytes = Buffer.from(` ${text} `, "latin1");
  return findMethod(bytes, 1, bytes.length - 1);
}

test("findMethod() knows each method that node:http knows, by its exact name", () => {
  for (const name of METHODS) {
    expect([name, methodOf(name).name]).toEqual([name, name]);
    expect(methodOf(`${name}X`).name).toBe(`${name}X`);
  }
});

test.each(["RDG_OUT_DATA", "VERSION-CONTROL", "BAN", "GE", "gets", "constructor", "X".repeat(32)])(
  "findMethod() takes %s, which nobody has told us of, for nothing special",
  (name) => {
    const { name: found, isIdempotent, expectsBody, refusal } = methodOf(name);
    expect([found, isIdempotent, expectsBody, refusal]).toEqual([name, false, false, undefined]);
  },
);

test("findMethod() refuses what differs only in case from a method that we know", () => {
  for (const name of METHODS) {
    for (const other of [name.toLowerCase(), name.slice(0, -1) + name.slice(-1).toLowerCase()]) {
      expect([other, methodOf(other).refusal?.reason]).toEqual([other, "method-unknown"]);
    }
  }
});

test("findMethod() tells which methods are not for a proxy of one service", () => {
  const refused = METHODS.filter((name) => methodOf(name).refusal !== undefined);
  expect(refused).toEqual(["CONNECT", "TRACE"]);
  expect(methodOf("CONNECT").refusal?.status).toBe(405);
  expect(methodOf("PRI").refusal?.status).toBe(505);
});

test("findMethod() tells what may be sent twice, and what says that it has no body", () => {
  const idempotent = METHODS.filter((name) => methodOf(name).isIdempotent);
  expect(idempotent).toEqual(["DELETE", "GET", "HEAD", "OPTIONS", "PUT"]);
  const expecting = METHODS.filter((name) => methodOf(name).expectsBody);
  expect(expecting).toEqual(["PATCH", "POST", "PUT"]);
});
