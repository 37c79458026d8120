import { expect, test } from "vitest";
import {
  contentLengthOf,
  framingRefusal,
  framingViolations,
  requestFraming,
  requestFramingRefusal,
} from "../../../proxy/http1/framing.ts";
import { intolerable } from "../../../proxy/table/tolerance.ts";
import { fieldsOf } from "./fields-fixture.ts";

test.each([
  [[], "none", 0],
  [["Content-Length: 0"], "length", 0],
  [["Content-Length: 9007199254740991"], "length", 9_007_199_254_740_991],
  [["Transfer-Encoding: Chunked"], "chunked", 0],
])("requestFraming() of %j is %s", (lines, framing, length) => {
  const { fields, bytes } = fieldsOf(...lines);
  expect(
    framingRefusal(fields, bytes, 0, "1.1", contentLengthOf(fields, bytes, 0)),
  ).toBeUndefined();
  expect([requestFraming(fields), contentLengthOf(fields, bytes, 0)]).toEqual([framing, length]);
});

test.each([
  [["Content-Length: 9007199254740992"], "1.1", "length-invalid"],
  [["Content-Length: 1, 2"], "1.1", "length-invalid"],
  [["Content-Length: 1", "Content-Length: 2"], "1.1", "length-twice"],
  [["Content-Length: 1", "Transfer-Encoding: chunked"], "1.1", "length-and-transfer-encoding"],
  [["Transfer-Encoding: gzip, chunked"], "1.1", "transfer-encoding-invalid"],
  [["Transfer-Encoding: chunked\t"], "1.1", "transfer-encoding-invalid"],
  [["Transfer-Encoding: chunked"], "1.0", "transfer-encoding-invalid"],
] as const)("requestFramingRefusal() of %j in HTTP/%s is %s", (lines, version, reason) => {
  const { fields, bytes } = fieldsOf(...lines);
  const length = contentLengthOf(fields, bytes, 0);
  expect(requestFramingRefusal(fields, bytes, 0, version, length)?.reason).toBe(reason);
});

test.each([
  [["Content-Length: 7"], undefined, 7],
  [["Content-Length: 7", "Content-Length: 7"], "equal-content-length-twice", 7],
  [["Content-Length: 7,7 , 7"], "equal-content-length-twice", 7],
  [["Content-Length: 7", "Transfer-Encoding: chunked"], "content-length-with-chunked", 7],
] as const)("framingViolations() of %j is %s", (lines, name, length) => {
  const { fields, bytes } = fieldsOf(...lines);
  expect(
    framingRefusal(fields, bytes, 0, "1.1", contentLengthOf(fields, bytes, 0)),
  ).toBeUndefined();
  expect(intolerable(framingViolations(fields, bytes, 0), 0)).toBe(name);
  expect(contentLengthOf(fields, bytes, 0)).toBe(length);
});
