import { expect, test } from "vitest";
import { REQUEST_ID_BYTES_MAX } from "../../../proxy/http1/limits.ts";
import { requestIdOf } from "../../../proxy/http1/request-id.ts";
import { fieldsOf } from "./fields-fixture.ts";

const longest = "x".repeat(REQUEST_ID_BYTES_MAX);

test.each([
  [["X-Request-Id: a-1~"], "a-1~"],
  [[`X-Request-Id: ${longest}`], longest],
  [[`X-Request-Id: ${longest}x`], undefined],
  [["X-Request-Id: a b"], undefined],
  [["X-Request-Id: é"], undefined],
  [["X-Request-Id:"], undefined],
  [["X-Request-Id: a", "x-request-id: a"], undefined],
  [["Host: a"], undefined],
])("requestIdOf(%j) is %j", (lines, id) => {
  expect(requestIdOf(fieldsOf(...lines).fields)).toBe(id);
});
