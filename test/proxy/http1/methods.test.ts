import { METHODS } from "node:http";
import { expect, test } from "vitest";
import { findMethod } from "../../../proxy/http1/methods.ts";
import type { Method } from "../../../proxy/http1/methods.ts";

function methodOf(text: string): Method | undefined {
  const bytes = Buffer.from(` ${text} `, "latin1");
  return findMethod(bytes, 1, bytes.length - 1);
}

test("findMethod() knows each method that node:http knows, by its exact name", () => {
  for (const name of METHODS) {
    expect([name, methodOf(name)?.name]).toEqual([name, name]);
    expect(methodOf(name.toLowerCase())).toBeUndefined();
    expect(methodOf(`${name}X`)?.name).not.toBe(name);
  }
  for (const text of ["", "GE", "constructor", "X".repeat(40)])
    expect(methodOf(text)).toBeUndefined();
});

test("findMethod() tells which methods are not for a proxy of one service", () => {
  const refused = METHODS.filter((name) => methodOf(name)?.refusal !== undefined);
  expect(refused).toEqual(["CONNECT", "TRACE"]);
  expect(methodOf("CONNECT")?.refusal?.status).toBe(405);
  expect(methodOf("PRI")?.refusal?.status).toBe(505);
});

test("findMethod() tells what may be sent twice, and what says that it has no body", () => {
  const idempotent = METHODS.filter((name) => methodOf(name)?.isIdempotent === true);
  expect(idempotent).toEqual(["DELETE", "GET", "HEAD", "OPTIONS", "PUT"]);
  const expecting = METHODS.filter((name) => methodOf(name)?.expectsBody === true);
  expect(expecting).toEqual(["PATCH", "POST", "PUT"]);
});
