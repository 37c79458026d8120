import { constants } from "node:http2";
import { expect, test } from "vitest";
import { ErrorCode } from "../../../proxy/http2/error-codes.ts";
import { FAULTS, HTTP2_REASONS } from "../../../proxy/http2/reasons.ts";

test("ErrorCode has the numbers that Node has", () => {
  const { http11Required, ...codes } = ErrorCode;
  expect(http11Required).toBe(constants.NGHTTP2_HTTP_1_1_REQUIRED);
  for (const [name, code] of Object.entries(codes)) {
    const known = `NGHTTP2_${name.replaceAll(/[A-Z]/g, "_$&").toUpperCase()}`;
    expect([name, (constants as unknown as Record<string, number>)[known]]).toEqual([name, code]);
  }
});

test("FAULTS are frozen, one a reason", () => {
  expect(Object.keys(FAULTS)).toEqual(HTTP2_REASONS);
  for (const reason of HTTP2_REASONS) {
    expect(FAULTS[reason].reason).toBe(reason);
    expect(Object.isFrozen(FAULTS[reason])).toBe(true);
  }
});
