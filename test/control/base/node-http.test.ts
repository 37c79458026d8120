import * as nodeHttp from "node:http";
import * as nodeHttps from "node:https";
import { expect, test } from "vitest";
import { http, https } from "../../../control/base/node-http.ts";

test("http and https are Node's own modules, however they were loaded", () => {
  expect(http.Server).toBe(nodeHttp.Server);
  expect(http.STATUS_CODES[418]).toBe("I'm a Teapot");
  expect(https.Agent).toBe(nodeHttps.Agent);
});
