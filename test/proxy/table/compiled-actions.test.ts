import { expect, test } from "vitest";
import { compileActions } from "../../../proxy/table/compiled-actions.ts";
import { route } from "./service-fixture.ts";

test("compileActions() gives nothing for a route that does nothing itself", () => {
  expect(compileActions(route({}))).toBeUndefined();
});

test("compileActions() makes an answer ready to be sent, a text by itself", () => {
  const answer = { status: 200, fields: [["x-a", "1"]] as const, body: "ü" };
  expect(compileActions({ ...route({}), actions: { answer } })?.answer).toEqual({
    status: 200,
    fields: "content-type: text/plain; charset=utf-8\r\nx-a: 1\r\n",
    body: "\u00c3\u00bc",
  });
  const typed = { status: 200, fields: [["content-type", "text/html"]] as const, body: "a" };
  expect(compileActions({ ...route({}), actions: { answer: typed } })?.answer?.fields).toBe(
    "content-type: text/html\r\n",
  );
});

test("compileActions() keeps what a rewrite takes the place of", () => {
  const path = { kind: "prefix", path: "/api" } as const;
  const rewrite = { path: "/v1", host: undefined };
  expect(compileActions({ ...route({ path }), actions: { rewrite } })).toMatchObject({
    path,
    rewrite,
  });
});
