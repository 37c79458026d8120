import * as nodeHttp from "node:http";
import { Agent } from "node:https";
import { expect, test } from "vitest";
import { http, nodeHttps } from "../../../control/base/node-http.ts";

test("http and nodeHttps() are Node's own modules, however they were loaded", () => {
  expect(http.Server).toBe(nodeHttp.Server);
  expect(http.STATUS_CODES[418]).toBe("I'm a Teapot");
  expect(nodeHttps().Agent).toBe(Agent);
});
