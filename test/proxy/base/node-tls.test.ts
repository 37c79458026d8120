import { createHash } from "node:crypto";
import { connect } from "node:tls";
import { expect, test } from "vitest";
import { nodeCrypto, nodeTls } from "../../../proxy/base/node-tls.ts";

test("nodeCrypto() and nodeTls() are Node's own modules, however they were loaded", () => {
  expect(nodeCrypto().createHash).toBe(createHash);
  expect(nodeTls().connect).toBe(connect);
});
